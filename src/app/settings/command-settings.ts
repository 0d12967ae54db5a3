import { existsSync } from 'node:fs';
import { developmentKeyRingPath } from '../data-folder.js';
import { localUrl } from '../env.js';
import { readAuth } from './auth-settings.js';
import { environment, type Variables } from './environment.js';
import { readKeyRing } from './key-ring-settings.js';
import { Settings } from './settings.js';
import { isUnsaidDevelopment, refuseUnsaidDevelopment } from './unsaid-development.js';

/**
 * Reads what one command needs.
 *
 * @throws EnvError when some of it is missing or wrong
 */
function read<T>(variables: Variables, what: (settings: Settings) => T): T {
  const settings = new Settings(variables);
  const env = what(settings);
  settings.requireNoFaults();
  return env;
}

/**
 * The settings by which a command finds the database, the same one as the service: outside production the embedded
 * PostgreSQL under `dataDir` where no address is set.
 *
 * @throws EnvError when one is missing or wrong
 */
export function readCommandDatabaseEnv(variables: Variables = environment()) {
  return read(variables, (settings) => ({
    databaseUrl: settings.necessity('DATABASE_URL'),
    dataDir: settings.get('DATA_DIR'),
  }));
}

/** Variables by which PostgreSQL's own programs, and the driver, find a database. */
const POSTGRES_NAMES = ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE'];

/**
 * Where a command finds the database of an application: at DATABASE_URL, or by the variables of PostgreSQL's own programs.
 *
 * @throws EnvError when neither is set, or DATABASE_URL is wrong
 */
export function readHostDatabaseUrl(variables: Variables = environment()): string {
  return read(variables, (settings) => {
    const url = settings.get('DATABASE_URL');
    if (url !== undefined) return url;
    if (POSTGRES_NAMES.every((name) => !variables[name])) {
      settings.fault('DATABASE_URL', `is missing; set it, or ${POSTGRES_NAMES.join(', ')}`);
    }
    // What an address leaves out, the driver takes from the variables.
    return 'postgres:///';
  });
}

/**
 * The one setting that TypeORM's command line needs.
 *
 * @throws EnvError when it is missing or wrong
 */
export function readDatabaseEnv(variables: Variables = environment()): string {
  return read(variables, (settings) => settings.necessity('DATABASE_URL', true)) ?? '';
}

/**
 * The schema of the module's tables, for the command line of an application that keeps them in one of its own.
 *
 * @returns undefined for the one that the connection's search path finds
 */
export function readDatabaseSchema(variables: Variables = environment()): string | undefined {
  return read(variables, (settings) => settings.get('DATABASE_SCHEMA'));
}

/**
 * Where a command asks Stripe.
 *
 * @returns undefined for Stripe itself
 * @throws EnvError when STRIPE_API_BASE is wrong
 */
export function readStripeApiBase(variables: Variables = environment()): string | undefined {
  return read(variables, (settings) => settings.get('STRIPE_API_BASE'));
}

/**
 * Where the key ring is and how its keys are unwrapped.
 *
 * @throws EnvError when a setting is wrong
 */
export function readKeysEnv(variables: Variables = environment()) {
  return read(variables, (settings) => {
    const { production } = settings;
    const { keyRing, keyRingFile } = readKeyRing(settings, false);
    const isSaid = production || keyRing !== undefined || keyRingFile !== undefined;
    return {
      production,
      keyRing,
      keyRingFile: isSaid ? keyRingFile : madeKeyRingFile(settings),
      keyServices: {
        allowLoopbackHttp: !production,
        vaultToken: settings.get('VAULT_TOKEN'),
        vaultNamespace: settings.get('VAULT_NAMESPACE'),
      },
    };
  });
}

/** The ring that the service has generated, where the service would use it. */
function madeKeyRingFile(settings: Settings): string | undefined {
  if (isUnsaidDevelopment(settings)) return undefined;
  const file = developmentKeyRingPath(settings.get('DATA_DIR'));
  return existsSync(file) ? file : undefined;
}

/**
 * What the command line for test webhooks needs. The secret is not an argument, which other users of the machine could see.
 *
 * @throws EnvError when a setting is wrong
 */
export function readWebhookSendEnv(variables: Variables = environment()) {
  return read(variables, (settings) => ({
    publicBaseUrl: settings.get('PUBLIC_BASE_URL') ?? localUrl(settings.get('PORT')),
    webhookSecret: settings.get('WEBHOOK_SECRET'),
  }));
}

/**
 * The settings that the command line for tokens needs.
 *
 * @throws EnvError when one is missing or wrong
 */
export function readTokenEnv(variables: Variables = environment()) {
  return read(variables, (settings) => {
    refuseUnsaidDevelopment(settings);
    return { auth: readAuth(settings), dataDir: settings.get('DATA_DIR'), servicePort: settings.get('PORT') };
  });
}
