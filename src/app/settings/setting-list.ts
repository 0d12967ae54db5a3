import * as v from 'valibot';
import { AUTH_SETTINGS } from './auth-setting-list.js';
import { USUAL_REQUESTS_AT_ONCE } from '../requests-at-once.js';
import { USUAL_MAX_PROJECTS_PER_OWNER } from '../projects/project-limit.js';
import { BROWSER_SETTINGS } from './browser-setting-list.js';
import { databaseUrlFault } from './database-url.js';
import { requestIdHeaderFault } from './request-id-header.js';
import {
  count,
  faultless,
  flag,
  oneOf,
  retention,
  secret,
  text,
  webAddress,
  webOrigin,
  wholeNumber,
  type SchemaContext,
} from './schemas.js';
import { TELEMETRY_SETTINGS } from './telemetry-setting-list.js';

/** All that is known of a setting: how it is read, and what docs/settings.md and `.env.example` say, as a test compares. */
export interface Setting {
  /** One line, without a full stop. */
  meaning: string;
  /** The value that holds when it is not set. */
  default?: string | { production: string; otherwise: string };
  /** What holds when it is not set, in words. */
  absent?: string;
  /** What to do when it must be set and is not. */
  fix?: string;
  /** Whether it is taken out of the environment once read, and may lie in a file that NAME_FILE names, itself a setting or not. */
  secret?: true;
  /** What it must be like, and what is made of it. */
  schema: (context: SchemaContext) => v.GenericSchema<string, unknown>;
}

/** Every setting by its name: one that is not here cannot be read. */
export const SETTINGS = {
  NODE_ENV: {
    meaning:
      '`production`, where nothing is generated and development keys are refused, `development` or `test`',
    default: 'development',
    absent: 'necessary beside `DATABASE_URL` or a `HOST` that others reach',
    schema: () => oneOf(['production', 'development', 'test']),
  },
  HOST: { meaning: 'the address to listen on', default: '127.0.0.1', schema: () => text },
  PORT: {
    meaning: 'the port to listen on; 0: any that is free',
    default: '3000',
    schema: () => wholeNumber(65_535),
  },
  DATABASE_URL: {
    meaning: 'PostgreSQL 14 or newer',
    absent: 'an embedded one under `DATA_DIR`',
    fix: 'set it to the address of a PostgreSQL 14 or newer',
    secret: true,
    schema: () => faultless(databaseUrlFault),
  },
  DATABASE_SCHEMA: {
    meaning: 'for commands: the schema of the tables',
    absent: 'the search path’s first',
    schema: () => text,
  },
  DATA_DIR: { meaning: 'the folder of generated files', default: '.data', schema: () => text },
  KEY_RING_FILE: {
    meaning: 'the keys that seal, a file that neither its group nor others may write',
    absent: 'made under `DATA_DIR`',
    fix: 'make a key ring with "npm run keys -- generate FILE" and set it to that file, or KEY_RING to its text',
    schema: () => text,
  },
  KEY_RING: {
    meaning:
      'instead of `KEY_RING_FILE`, where secrets are variables: the text of such a file, or that in base64',
    absent: 'unused',
    secret: true,
    schema: () => secret,
  },
  ...AUTH_SETTINGS,
  PUBLIC_BASE_URL: {
    meaning: 'the address users reach; https in production',
    absent: 'where the service listens',
    fix: 'set it to the https address that users reach',
    schema: (context) =>
      v.pipe(
        webAddress(context),
        v.transform((address) => address.replace(/\/+$/, '')),
      ),
  },
  STRIPE_API_BASE: {
    meaning: 'Stripe’s address, for tests and mocks; https in production',
    absent: '`https://api.stripe.com`',
    schema: (context) => webOrigin(context, 'leave it unset to use Stripe itself'),
  },
  WEBHOOK_SECRET_OVERLAP_HOURS: {
    meaning: 'how long a replaced webhook secret is still accepted, 0 to 168',
    default: '24',
    schema: () => wholeNumber(168),
  },
  EVENT_RETENTION_DAYS: {
    meaning: 'how long handled and skipped events are kept, 35 to 3650, or `forever`',
    default: '45',
    schema: () => retention,
  },
  ERASE_EVENTS_ON_DELETE: {
    meaning: '`true` or `false`: a deleted configuration’s stored events lose their contents',
    default: 'false',
    schema: () => flag,
  },
  VAULT_TOKEN: {
    meaning: 'for a ring whose keys Vault or OpenBao wraps',
    absent: 'none',
    secret: true,
    schema: () => secret,
  },
  VAULT_NAMESPACE: { meaning: 'the namespace of that token', absent: 'none', schema: () => text },
  MAX_PROJECTS_PER_OWNER: {
    meaning: 'how many projects one owner may make, deleted ones included, 1 to 1000000',
    default: `${USUAL_MAX_PROJECTS_PER_OWNER}`,
    schema: () => count(1_000_000),
  },
  EVENTS_AT_ONCE: {
    meaning:
      'how many stored events are with their handlers at once, 1 to 50; above 5 the pool grows with it',
    default: '4',
    schema: () => count(50),
  },
  REQUESTS_AT_ONCE: {
    meaning:
      'how many requests are worked on at once, 1 to 10000; further ones wait for a moment or get 503, webhooks half as many later',
    default: `${USUAL_REQUESTS_AT_ONCE}`,
    schema: () => count(10_000),
  },
  SHUTDOWN_DELAY_SECONDS: {
    meaning: 'how long to serve on after SIGTERM, not ready, so that load balancers see it, 0 to 60',
    default: { production: '7', otherwise: '0' },
    schema: () => wholeNumber(60),
  },
  ...BROWSER_SETTINGS,
  LOG_LEVEL: {
    meaning: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
    default: 'info',
    schema: () => oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  },
  REQUEST_ID_HEADER: {
    meaning: 'the header in which a trusted proxy sends a request’s id, such as `x-request-id`',
    absent: 'ids are made here',
    schema: () => v.pipe(faultless(requestIdHeaderFault), v.toLowerCase()),
  },
  ...TELEMETRY_SETTINGS,
  WEBHOOK_SECRET: {
    meaning: 'for `npm run webhook:send`: what signs the event',
    absent: 'none',
    secret: true,
    schema: () => secret,
  },
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;

/** The name of a setting. */
export type SettingName = keyof Settings;

/** The name of a setting that is a secret. */
export type SecretName = {
  [Name in SettingName]: Settings[Name] extends { secret: true } ? Name : never;
}[SettingName];

/** The name of a setting that the service cannot do without everywhere. */
export type NecessaryName = {
  [Name in SettingName]: Settings[Name] extends { fix: string } ? Name : never;
}[SettingName];

/** What is made of a setting; undefined where it is absent and has no default. */
export type SettingValue<Name extends SettingName> =
  | v.InferOutput<ReturnType<Settings[Name]['schema']>>
  | (Settings[Name] extends { default: unknown } ? never : undefined);

/** The settings that are secrets. */
export const SECRET_NAMES = Object.entries<Setting>(SETTINGS).flatMap(([name, { secret }]) =>
  secret === true ? [name as SecretName] : [],
);
