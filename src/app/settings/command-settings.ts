import { existsSync } from 'node:fs';
import type { KeyServiceOptions } from '../../payments/crypto/key-services/key-service.js';
import { Secret } from '../../payments/crypto/secret.js';
import { developmentKeyRingPath } from '../data-folder.js';
import { localUrl, type Env } from '../env.js';
import { readAuth } from './auth-settings.js';
import {
  isProduction,
  isUnsaidDevelopment,
  readDataDir,
  readDatabaseUrl,
  readPort,
  readProduction,
  readPublicBaseUrl,
  readVaultToken,
} from './common-settings.js';
import { environment, type Variables } from './environment.js';
import { EnvError, Settings } from './settings.js';

/** Where a command finds the database. */
export interface CommandDatabaseEnv {
  /** Absent outside production: the embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | undefined;
  dataDir: string;
}

/**
 * The settings by which a command finds the database, the same one as the service.
 *
 * @throws EnvError when one is missing or wrong
 */
export function readCommandDatabaseEnv(variables: Variables = environment()): CommandDatabaseEnv {
  const settings = new Settings(variables);
  settings.required = isProduction(settings);
  const env = { databaseUrl: readDatabaseUrl(settings), dataDir: readDataDir(settings) };
  settings.requireNoFaults();
  return env;
}

/**
 * The one setting that TypeORM's command line needs.
 *
 * @throws EnvError when it is missing or wrong
 */
export function readDatabaseEnv(variables: Variables = environment()): string {
  const settings = new Settings(variables);
  settings.required = true;
  const databaseUrl = readDatabaseUrl(settings);
  if (databaseUrl === undefined || settings.faults.length > 0) throw new EnvError(settings.faults);
  return databaseUrl;
}

/**
 * The schema of the module's tables, for the command line of an application that keeps them in one of its own.
 *
 * @returns undefined for the one that the connection's search path finds
 */
export function readDatabaseSchema(variables: Variables = environment()): string | undefined {
  return new Settings(variables).text('DATABASE_SCHEMA');
}

/** Where the key ring is and how its keys are unwrapped. */
export interface KeysEnv {
  production: boolean;
  keyRingFile: string | undefined;
  keyServices: KeyServiceOptions;
}

/**
 * The settings that the command line for keys needs.
 *
 * @throws EnvError when one is wrong
 */
export function readKeysEnv(variables: Variables = environment()): KeysEnv {
  const settings = new Settings(variables);
  const production = isProduction(settings);
  const keysEnv = {
    production,
    keyRingFile: settings.text('KEY_RING_FILE') ?? (production ? undefined : madeKeyRingFile(settings)),
    keyServices: {
      allowLoopbackHttp: !production,
      vaultToken: readVaultToken(settings),
      vaultNamespace: settings.text('VAULT_NAMESPACE'),
    },
  };
  settings.requireNoFaults();
  return keysEnv;
}

/** The ring that the service has made for itself, where the service would use it. */
function madeKeyRingFile(settings: Settings): string | undefined {
  if (isUnsaidDevelopment(settings)) return undefined;
  const file = developmentKeyRingPath(readDataDir(settings));
  return existsSync(file) ? file : undefined;
}

/** What the command line for test webhooks needs. */
export interface WebhookSendEnv {
  publicBaseUrl: string;
  /** Not an argument, which other users of the machine could see. */
  webhookSecret: Secret | undefined;
}

/**
 * The settings that the command line for test webhooks needs.
 *
 * @throws EnvError when one is wrong
 */
export function readWebhookSendEnv(variables: Variables = environment()): WebhookSendEnv {
  const settings = new Settings(variables);
  const publicBaseUrl = readPublicBaseUrl(settings, isProduction(settings)) ?? localUrl(readPort(settings));
  const secret = settings.secret('WEBHOOK_SECRET');
  settings.requireNoFaults();
  return { publicBaseUrl, webhookSecret: secret === undefined ? undefined : new Secret(secret) };
}

/**
 * The settings that the command line for tokens needs.
 *
 * @throws EnvError when one is missing or wrong
 */
export function readTokenEnv(variables: Variables = environment()): Pick<Env, 'auth' | 'dataDir'> {
  const settings = new Settings(variables);
  const auth = readAuth(settings, readProduction(settings));
  settings.requireNoFaults();
  return { auth, dataDir: readDataDir(settings) };
}
