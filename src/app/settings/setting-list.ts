/** What is said of a setting in docs/settings.md and in `.env.example`, which a test compares with this list. */
export interface Setting {
  /** One line, without a full stop. */
  meaning: string;
  /** What holds when it is not set, as a value or in words. */
  absent: string;
  /** Whether it is taken out of the environment once read, and may lie in a file that NAME_FILE names. */
  secret?: true;
}

/** Every setting by its name: one that is not here cannot be read. */
export const SETTINGS = {
  NODE_ENV: {
    meaning:
      '`production`, where nothing is made up and development keys are refused, `development` or `test`',
    absent: '`development`; necessary beside `DATABASE_URL` or a `HOST` that others reach',
  },
  HOST: { meaning: 'the address to listen on', absent: '`127.0.0.1`' },
  PORT: { meaning: 'the port to listen on; 0: any that is free', absent: '`3000`' },
  DATABASE_URL: {
    meaning: 'PostgreSQL 14 or newer',
    absent: 'an embedded one under `DATA_DIR`',
    secret: true,
  },
  DATABASE_SCHEMA: {
    meaning: 'for `nest-stripe-config-keys` and `-audit`: the schema of the tables',
    absent: 'the search path’s first',
  },
  DATA_DIR: { meaning: 'the folder of what is made up', absent: '`.data`' },
  KEY_RING_FILE: {
    meaning: 'the keys that seal, a file that neither its group nor others may write',
    absent: 'made under `DATA_DIR`',
  },
  AUTH_JWT_SECRET: {
    meaning: 'HS256 secret of access tokens, 32 bytes or more',
    absent: 'made under `DATA_DIR`',
    secret: true,
  },
  AUTH_ISSUER: {
    meaning:
      'tokens of an identity provider instead of the secret (RS, PS, ES, EdDSA algorithms): their `iss`',
    absent: 'unused',
  },
  AUTH_AUDIENCE: {
    meaning: 'the `aud` that its tokens must have; several parted by spaces: one of them',
    absent: 'unused',
  },
  AUTH_JWKS_URI: { meaning: 'its key set', absent: 'the one that the issuer’s metadata names' },
  AUTH_REQUIRED_SCOPE: { meaning: 'a scope that every token must have', absent: 'none' },
  AUTH_AUDIENCE_CLAIM: {
    meaning: 'the claim that `AUTH_AUDIENCE` stands in: `aud`, `client_id` or `azp`',
    absent: '`aud`',
  },
  AUTH_SCOPE_CLAIMS: {
    meaning: 'the claims that scopes stand in, parted by spaces; also paths, like `realm_access.roles`',
    absent: '`scope scp`',
  },
  AUTH_MAX_TOKEN_HOURS: {
    meaning: 'how long a token may still be valid, 1 to 87600',
    absent: '`24`; with `AUTH_JWT_SECRET` `744`',
  },
  PUBLIC_BASE_URL: {
    meaning: 'the address users reach; https in production',
    absent: 'where the service listens',
  },
  STRIPE_API_BASE: {
    meaning: 'Stripe’s address, for tests and mocks; https in production',
    absent: '`https://api.stripe.com`',
  },
  WEBHOOK_SECRET_OVERLAP_HOURS: {
    meaning: 'how long a replaced webhook secret is still accepted, 0 to 168',
    absent: '`24`',
  },
  VAULT_TOKEN: { meaning: 'for a ring whose keys Vault or OpenBao wraps', absent: 'none', secret: true },
  VAULT_NAMESPACE: { meaning: 'the namespace of that token', absent: 'none' },
  MAX_PROJECTS_PER_OWNER: {
    meaning: 'how many projects one owner may make, deleted ones included, 1 to 1000000',
    absent: '`250`',
  },
  SHUTDOWN_DELAY_SECONDS: {
    meaning: 'how long to serve on after SIGTERM, not ready, so that load balancers see it, 0 to 60',
    absent: '`0`; in production `7`',
  },
  DOCS: {
    meaning: '`true` or `false`: serve the explorer and the OpenAPI document',
    absent: '`true`; in production `false`',
  },
  DOCS_OAUTH_CLIENT_ID: {
    meaning: 'a public client of the identity provider, which the explorer signs in as',
    absent: 'the explorer offers no sign-in',
  },
  DOCS_OAUTH_SCOPES: {
    meaning: 'what it asks for, separated by spaces',
    absent: '`openid` and the scope that is required',
  },
  LOG_LEVEL: {
    meaning: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`',
    absent: '`info`',
  },
  REQUEST_ID_HEADER: {
    meaning: 'the header in which a trusted proxy sends a request’s id, such as `x-request-id`',
    absent: 'ids are made here',
  },
  WEBHOOK_SECRET: {
    meaning: 'for `npm run webhook:send`: what signs the event',
    absent: 'none',
    secret: true,
  },
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;

/** The name of a setting that is a secret. */
export type SecretName = {
  [Name in keyof Settings]: Settings[Name] extends { secret: true } ? Name : never;
}[keyof Settings];

/** The name of a setting. */
export type SettingName = keyof Settings | `${SecretName}_FILE`;

/** The settings that are secrets. */
export const SECRET_NAMES = Object.entries<Setting>(SETTINGS).flatMap(([name, { secret }]) =>
  secret === true ? [name as SecretName] : [],
);
