import { Secret } from '../../payments/crypto/secret.js';
import { addressFault } from '../../payments/common/http-address.js';
import { databaseUrlFault } from './database-url.js';
import type { Settings } from './settings.js';

// Settings that both the service and its commands read.

export function isProduction(settings: Settings): boolean {
  return readNodeEnv(settings) === 'production';
}

/**
 * Whether this is production. Outside it the service makes up what is missing, so it must be said to be development where
 * there is something real: a database, or an address that others reach.
 */
export function readProduction(settings: Settings): boolean {
  const production = isProduction(settings);
  if (isUnsaidDevelopment(settings)) {
    settings.fault(
      'NODE_ENV',
      'must be set to production or development where DATABASE_URL is set or HOST can be reached by others: outside production, keys, a token secret and a demo project are made up',
    );
  }
  return production;
}

/** Whether nothing may be made up though this is not production, because nobody has said that it is development. */
export function isUnsaidDevelopment(settings: Settings): boolean {
  const isReal =
    settings.text('DATABASE_URL') !== undefined ||
    settings.text('DATABASE_URL_FILE') !== undefined ||
    !isLoopback(readHost(settings));
  return isReal && !['production', 'development'].includes(settings.text('NODE_ENV') ?? '');
}

function readNodeEnv(settings: Settings): 'production' | 'development' | 'test' {
  return settings.choice('NODE_ENV', ['production', 'development', 'test'], 'development');
}

export function readHost(settings: Settings): string {
  return settings.text('HOST') ?? '127.0.0.1';
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

export function readPort(settings: Settings): number {
  return settings.number('PORT', 3000, 65_535);
}

export function readDataDir(settings: Settings): string {
  return settings.text('DATA_DIR') ?? '.data';
}

export function readDatabaseUrl(settings: Settings): string | undefined {
  return settings.necessity(
    'DATABASE_URL',
    settings.secret('DATABASE_URL'),
    'set it to the address of a PostgreSQL 14 or newer',
    databaseUrlFault,
  );
}

export function readVaultToken(settings: Settings): Secret | undefined {
  const token = settings.secret('VAULT_TOKEN');
  return token === undefined ? undefined : new Secret(token);
}

export function readPublicBaseUrl(settings: Settings, production: boolean): string | undefined {
  return settings
    .necessity(
      'PUBLIC_BASE_URL',
      settings.text('PUBLIC_BASE_URL'),
      'set it to the https address that users reach',
      (value) => webAddressFault(value, production),
    )
    ?.replace(/\/+$/, '');
}

/** What is wrong with an address of the web, which in production must be one of https. */
export function webAddressFault(value: string, production: boolean, query = false): string | undefined {
  const wanted = `an ${production ? 'https' : 'http or https'} address`;
  return addressFault(value, wanted, { https: production, query });
}
