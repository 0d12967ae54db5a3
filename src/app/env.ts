import type { Secret } from '../payments/crypto/secret.js';
import { addressFault, isOrigin } from '../payments/common/http-address.js';
import { USUAL_MAX_PROJECTS_PER_OWNER } from './projects/project-limit.js';
import { readAuth, type AuthEnv } from './settings/auth-settings.js';
import {
  readDataDir,
  readDatabaseUrl,
  readHost,
  readPort,
  readProduction,
  readPublicBaseUrl,
  readVaultToken,
} from './settings/common-settings.js';
import { readDocsSignIn, type DocsSignIn } from './settings/docs-settings.js';
import { environment, type Variables } from './settings/environment.js';
import { readRequestIdHeader } from './settings/request-id-setting.js';
import { Settings } from './settings/settings.js';

/** The standalone service's settings. Every one of them is described in `settings/setting-list.ts`. */
export interface Env {
  production: boolean;
  host: string;
  port: number;
  /** Absent outside production: an embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | undefined;
  /** Where the embedded defaults keep their files. */
  dataDir: string;
  /** Absent outside production: made under `dataDir`. */
  keyRingFile: string | undefined;
  /** Needed only when the key ring names Vault or OpenBao. */
  vaultToken: Secret | undefined;
  vaultNamespace: string | undefined;
  auth: AuthEnv;
  /** The address users reach, without a slash at its end. Absent outside production: where the service listens. */
  publicBaseUrl: string | undefined;
  /** Absent: Stripe's own. */
  stripeApiBase: string | undefined;
  /** How long a replaced webhook secret is still accepted, in hours. */
  webhookSecretOverlapHours: number;
  /** How many projects one owner may have. */
  maxProjectsPerOwner: number;
  /** How long to go on serving after SIGTERM, not ready, until the listener closes. */
  shutdownDelaySeconds: number;
  docs: boolean;
  /** How the explorer signs in at the identity provider; absent: it does not. */
  docsSignIn: DocsSignIn | undefined;
  logLevel: LogLevel;
  /** In which a trusted proxy sends a request's id, in lower case; absent: ids are made here. */
  requestIdHeader: string | undefined;
  /** What should be changed, though nothing is wrong: sentences that begin with the name of a setting. */
  warnings: readonly string[];
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Pino's levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Reads and checks the settings.
 *
 * @throws EnvError naming every wrong setting and its fix
 */
export function readEnv(variables: Variables = environment()): Env {
  const settings = new Settings(variables);
  const production = readProduction(settings);
  settings.required = production;
  const env: Env = {
    production,
    host: readHost(settings),
    port: readPort(settings),
    databaseUrl: readDatabaseUrl(settings),
    dataDir: readDataDir(settings),
    keyRingFile: settings.necessity(
      'KEY_RING_FILE',
      settings.text('KEY_RING_FILE'),
      'make a key ring with "npm run keys -- generate FILE" and set it to that file',
    ),
    vaultToken: readVaultToken(settings),
    vaultNamespace: settings.text('VAULT_NAMESPACE'),
    auth: readAuth(settings, production),
    publicBaseUrl: readPublicBaseUrl(settings, production),
    stripeApiBase: readStripeApiBase(settings, production),
    webhookSecretOverlapHours: settings.number('WEBHOOK_SECRET_OVERLAP_HOURS', 24, 168),
    maxProjectsPerOwner: readMaxProjects(settings),
    shutdownDelaySeconds: settings.number('SHUTDOWN_DELAY_SECONDS', production ? 7 : 0, 60),
    docsSignIn: readDocsSignIn(settings),
    docs: settings.choice('DOCS', ['true', 'false'], production ? 'false' : 'true') === 'true',
    logLevel: settings.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
    requestIdHeader: readRequestIdHeader(settings),
    warnings: settings.warnings,
  };
  settings.requireNoFaults();
  return env;
}

function readMaxProjects(settings: Settings): number {
  const max = settings.number('MAX_PROJECTS_PER_OWNER', USUAL_MAX_PROJECTS_PER_OWNER, 1_000_000);
  if (max === 0) settings.fault('MAX_PROJECTS_PER_OWNER', 'must be above 0; leave it out for the default');
  return max;
}

function readStripeApiBase(settings: Settings, production: boolean): string | undefined {
  const base = settings.text('STRIPE_API_BASE');
  if (base === undefined) return undefined;
  const wanted = `an ${production ? 'https' : 'http or https'} address without a path`;
  const fault =
    addressFault(base, wanted, { https: production }) ?? (isOrigin(base) ? undefined : `must be ${wanted}`);
  if (fault !== undefined) settings.fault('STRIPE_API_BASE', `${fault}; leave it unset to use Stripe itself`);
  return base;
}

/** Where the service is reached on its own machine. */
export function localUrl(port: number): string {
  return `http://localhost:${port}`;
}
