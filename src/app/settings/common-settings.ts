import { Secret } from '../../payments/crypto/secret.js';
import { databaseUrlFault } from './database-url.js';
import type { Settings } from './settings.js';

// Settings that both the service and its commands read.

export function isProduction(settings: Settings): boolean {
  return settings.text('NODE_ENV') === 'production';
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
      (value) =>
        isUrl(value, production ? ['https:'] : ['http:', 'https:'])
          ? undefined
          : `must be an ${production ? 'https' : 'http or https'} address`,
    )
    ?.replace(/\/+$/, '');
}

export function isUrl(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}
