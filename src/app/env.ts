import { readAuth } from './settings/auth-settings.js';
import { readSignInClient } from './settings/sign-in-client-settings.js';
import { environment, type Variables } from './settings/environment.js';
import { readKeyRing } from './settings/key-ring-settings.js';
import { readTelemetry } from './settings/telemetry-settings.js';
import { Settings } from './settings/settings.js';
import { refuseUnsaidDevelopment } from './settings/unsaid-development.js';

/** The standalone service's settings. Every one of them is described in `settings/setting-list.ts`. */
export type Env = ReturnType<typeof readEnv>;

/** Pino's levels. */
export type LogLevel = Env['logLevel'];

/**
 * Reads and checks the settings.
 *
 * @throws EnvError naming every wrong setting and its fix
 */
export function readEnv(variables: Variables = environment()) {
  const settings = new Settings(variables);
  refuseUnsaidDevelopment(settings);
  const env = {
    production: settings.production,
    host: settings.get('HOST'),
    port: settings.get('PORT'),
    databaseUrl: settings.necessity('DATABASE_URL'),
    dataDir: settings.get('DATA_DIR'),
    ...readKeyRing(settings, settings.production),
    vaultToken: settings.get('VAULT_TOKEN'),
    vaultNamespace: settings.get('VAULT_NAMESPACE'),
    auth: readAuth(settings),
    publicBaseUrl: settings.necessity('PUBLIC_BASE_URL'),
    stripeApiBase: settings.get('STRIPE_API_BASE'),
    webhookSecretOverlapHours: settings.get('WEBHOOK_SECRET_OVERLAP_HOURS'),
    eventRetentionDays: settings.get('EVENT_RETENTION_DAYS'),
    eraseEventsOnDelete: settings.get('ERASE_EVENTS_ON_DELETE'),
    maxProjectsPerOwner: settings.get('MAX_PROJECTS_PER_OWNER'),
    eventsAtOnce: settings.get('EVENTS_AT_ONCE'),
    requestsAtOnce: settings.get('REQUESTS_AT_ONCE'),
    origins: settings.get('CORS_ORIGINS'),
    shutdownDelaySeconds: settings.get('SHUTDOWN_DELAY_SECONDS'),
    ui: settings.get('UI'),
    docsSignIn: readSignInClient(settings, 'explorer'),
    pageSignIn: readSignInClient(settings, 'page'),
    docs: settings.get('DOCS'),
    logLevel: settings.get('LOG_LEVEL'),
    requestIdHeader: settings.get('REQUEST_ID_HEADER'),
    telemetry: readTelemetry(settings),
    /** What should be changed, though it works: sentences that begin with the name of a setting. */
    warnings: settings.warnings,
  };
  settings.requireNoFaults();
  return env;
}

/** Where the service is reached on its own machine. */
export function localUrl(port: number): string {
  return `http://localhost:${port}`;
}
