import { createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KeyServiceOptions } from '../payments/crypto/key-services/key-service.js';
import { Secret } from '../payments/crypto/secret.js';
import { MIN_SECRET_BYTES, isOrigin } from '../payments/options-faults.js';

/** The standalone service's settings, read from the environment here and nowhere else. */
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
  docs: boolean;
  logLevel: LogLevel;
}

/** How tokens are verified; `development` makes its own secret under the data folder. */
export type AuthEnv = { requiredScope: string | undefined } & (
  | { kind: 'secret'; secret: KeyObject }
  | { kind: 'issuer'; issuer: string; audience: string; jwksUri: string | undefined }
  | { kind: 'development' }
);

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Pino's levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Marks secrets that the service made for itself, so that production can refuse them. */
export const DEVELOPMENT_SECRET_PREFIX = 'development-only-';

/** Wrong settings, all of them, by name and never by value. */
export class EnvError extends Error {
  override name = 'EnvError';

  constructor(readonly faults: readonly string[]) {
    super(['The settings are wrong:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
  }
}

/**
 * Reads and judges the settings.
 *
 * @throws EnvError naming every wrong setting and how to mend it
 */
export function readEnv(variables: NodeJS.ProcessEnv = process.env): Env {
  const settings = new Settings(variables);
  const production = isProduction(settings);
  settings.required = production;
  const port = readPort(settings);
  const env: Env = {
    production,
    host: settings.text('HOST') ?? '127.0.0.1',
    port,
    databaseUrl: readDatabaseUrl(settings),
    dataDir: readDataDir(settings),
    keyRingFile: settings.necessity(
      'KEY_RING_FILE',
      'make a key ring with "npm run keys -- generate FILE" and set it to that file',
    ),
    vaultToken: readVaultToken(settings),
    vaultNamespace: settings.text('VAULT_NAMESPACE'),
    auth: readAuth(settings, production),
    publicBaseUrl: readPublicBaseUrl(settings, production),
    stripeApiBase: readStripeApiBase(settings, production),
    webhookSecretOverlapHours: settings.number('WEBHOOK_SECRET_OVERLAP_HOURS', 24, 168),
    docs: settings.choice('DOCS', ['true', 'false'], production ? 'false' : 'true') === 'true',
    logLevel: settings.choice('LOG_LEVEL', LOG_LEVELS, 'info'),
  };
  if (settings.faults.length > 0) throw new EnvError(settings.faults);
  return env;
}

function readPublicBaseUrl(settings: Settings, production: boolean): string | undefined {
  return settings
    .necessity('PUBLIC_BASE_URL', 'set it to the https address that users reach', (value) =>
      isUrl(value, production ? ['https:'] : ['http:', 'https:'])
        ? undefined
        : `must be an ${production ? 'https' : 'http or https'} address`,
    )
    ?.replace(/\/+$/, '');
}

function readPort(settings: Settings): number {
  return settings.number('PORT', 3000, 65_535);
}

function readStripeApiBase(settings: Settings, production: boolean): string | undefined {
  const base = settings.text('STRIPE_API_BASE');
  const protocols = production ? ['https:'] : ['http:', 'https:'];
  if (base !== undefined && !(isUrl(base, protocols) && isOrigin(base))) {
    settings.fault(
      'STRIPE_API_BASE',
      `must be an ${production ? 'https' : 'http or https'} address without a path; leave it out to use Stripe itself`,
    );
  }
  return base;
}

function readVaultToken(settings: Settings): Secret | undefined {
  const path = settings.text('VAULT_TOKEN_FILE');
  const token = settings.text('VAULT_TOKEN');
  if (path === undefined) return token === undefined ? undefined : new Secret(token);
  if (token !== undefined) {
    settings.fault('VAULT_TOKEN', 'cannot stand beside VAULT_TOKEN_FILE; remove one of them');
  }
  try {
    return new Secret(readFileSync(path, 'utf8').trim());
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    settings.fault(
      'VAULT_TOKEN_FILE',
      `cannot be read (${code}); set it to a file that holds the token and nothing else`,
    );
    return undefined;
  }
}

/**
 * The one setting that the command line for migrations needs.
 *
 * @throws EnvError when it is missing or wrong
 */
export function readDatabaseEnv(variables: NodeJS.ProcessEnv = process.env): string {
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
export function readDatabaseSchema(variables: NodeJS.ProcessEnv = process.env): string | undefined {
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
export function readKeysEnv(variables: NodeJS.ProcessEnv = process.env): KeysEnv {
  const settings = new Settings(variables);
  const production = isProduction(settings);
  const keysEnv = {
    production,
    keyRingFile: settings.text('KEY_RING_FILE'),
    keyServices: {
      allowLoopbackHttp: !production,
      vaultToken: readVaultToken(settings),
      vaultNamespace: settings.text('VAULT_NAMESPACE'),
    },
  };
  if (settings.faults.length > 0) throw new EnvError(settings.faults);
  return keysEnv;
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
export function readWebhookSendEnv(variables: NodeJS.ProcessEnv = process.env): WebhookSendEnv {
  const settings = new Settings(variables);
  const publicBaseUrl = readPublicBaseUrl(settings, isProduction(settings)) ?? localUrl(readPort(settings));
  const secret = settings.text('WEBHOOK_SECRET');
  if (settings.faults.length > 0) throw new EnvError(settings.faults);
  return { publicBaseUrl, webhookSecret: secret === undefined ? undefined : new Secret(secret) };
}

/** Where the service is reached on its own machine. */
export function localUrl(port: number): string {
  return `http://localhost:${port}`;
}

/**
 * The settings that the command line for tokens needs.
 *
 * @throws EnvError when one is missing or wrong
 */
export function readTokenEnv(variables: NodeJS.ProcessEnv = process.env): Pick<Env, 'auth' | 'dataDir'> {
  const settings = new Settings(variables);
  const auth = readAuth(settings, isProduction(settings));
  if (settings.faults.length > 0) throw new EnvError(settings.faults);
  return { auth, dataDir: readDataDir(settings) };
}

function isProduction(settings: Settings): boolean {
  return settings.text('NODE_ENV') === 'production';
}

function readDataDir(settings: Settings): string {
  return settings.text('DATA_DIR') ?? '.data';
}

function readDatabaseUrl(settings: Settings): string | undefined {
  return settings.necessity('DATABASE_URL', 'set it to the address of a PostgreSQL 14 or newer', (value) =>
    isUrl(value, ['postgres:', 'postgresql:'])
      ? undefined
      : 'must be an address like postgres://user:password@host/database',
  );
}

function readAuth(settings: Settings, production: boolean): AuthEnv {
  const secret = settings.text('AUTH_JWT_SECRET');
  const issuer = settings.text('AUTH_ISSUER');
  const audience = settings.text('AUTH_AUDIENCE');
  const jwksUri = settings.text('AUTH_JWKS_URI');
  const requiredScope = settings.text('AUTH_REQUIRED_SCOPE');
  const names = { AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience, AUTH_JWKS_URI: jwksUri };

  if (secret !== undefined) {
    for (const [name, value] of Object.entries(names)) {
      if (value !== undefined)
        settings.fault(name, 'cannot stand beside AUTH_JWT_SECRET; remove one of them');
    }
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      settings.fault(
        'AUTH_JWT_SECRET',
        `is shorter than ${MIN_SECRET_BYTES} bytes; make one with "openssl rand -base64 48"`,
      );
    }
    if (production && secret.startsWith(DEVELOPMENT_SECRET_PREFIX)) {
      settings.fault('AUTH_JWT_SECRET', 'was made for development; make one with "openssl rand -base64 48"');
    }
    return { kind: 'secret', secret: createSecretKey(Buffer.from(secret)), requiredScope };
  }
  if (issuer !== undefined || audience !== undefined || jwksUri !== undefined) {
    if (issuer === undefined)
      settings.fault('AUTH_ISSUER', 'is missing; set it to the "iss" of your identity provider’s tokens');
    if (audience === undefined)
      settings.fault('AUTH_AUDIENCE', 'is missing; set it to the "aud" that tokens for this service name');
    const protocols = production ? ['https:'] : ['http:', 'https:'];
    for (const [name, value] of Object.entries({ AUTH_ISSUER: issuer, AUTH_JWKS_URI: jwksUri })) {
      if (value !== undefined && !isUrl(value, protocols)) {
        settings.fault(name, `must be an ${production ? 'https' : 'http or https'} address`);
      }
    }
    return { kind: 'issuer', issuer: issuer ?? '', audience: audience ?? '', jwksUri, requiredScope };
  }
  if (production) {
    settings.fault(
      'AUTH_ISSUER',
      'is missing; set it and AUTH_AUDIENCE to your identity provider’s, or set AUTH_JWT_SECRET',
    );
  }
  return { kind: 'development', requiredScope };
}

/** Reads variables one by one and collects what is wrong with them. */
class Settings {
  readonly faults: string[] = [];
  /** Whether what the service could make up for itself must be set. */
  required = false;

  constructor(private readonly variables: NodeJS.ProcessEnv) {}

  fault(name: string, fault: string): void {
    this.faults.push(`${name} ${fault}`);
  }

  /** An empty variable counts as absent. */
  text(name: string): string | undefined {
    const value = this.variables[name]?.trim();
    return value === '' ? undefined : value;
  }

  necessity(
    name: string,
    mend: string,
    judge: (value: string) => string | undefined = () => undefined,
  ): string | undefined {
    const value = this.text(name);
    if (value === undefined) {
      if (this.required) this.fault(name, `is missing; ${mend}`);
      return undefined;
    }
    const fault = judge(value);
    if (fault !== undefined) this.fault(name, fault);
    return value;
  }

  number(name: string, absent: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return absent;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number > max) this.fault(name, `must be a number from 0 to ${max}`);
    return number;
  }

  choice<T extends string>(name: string, choices: readonly T[], absent: T): T {
    const value = this.text(name);
    const choice = choices.find((each) => each === (value ?? absent));
    if (choice === undefined) this.fault(name, `must be one of ${choices.join(', ')}`);
    return choice ?? absent;
  }
}

function isUrl(value: string, protocols: readonly string[]): boolean {
  return URL.canParse(value) && protocols.includes(new URL(value).protocol);
}
