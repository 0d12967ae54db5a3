import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { fakeCredential } from '../../test/support/credentials.js';
import { readEnv } from './env.js';
import {
  readDatabaseEnv,
  readKeysEnv,
  readTokenEnv,
  readWebhookSendEnv,
} from './settings/command-settings.js';
import { SECRET_NAMES, SETTINGS } from './settings/setting-list.js';
import { EnvError } from './settings/settings.js';

const SECRET = randomBytes(48).toString('base64url');
const DEVELOPMENT_SECRET = `development-only-${SECRET}`;
/** In every wrong value, to find it again where it must not be. */
const CANARY = 'canary-a6cbf0';

const PRODUCTION = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://user@database.example/payments',
  KEY_RING_FILE: '/run/secrets/key-ring.json',
  AUTH_ISSUER: 'https://id.example/',
  AUTH_AUDIENCE: 'payments',
  PUBLIC_BASE_URL: 'https://payments.example',
};

const env = (variables: NodeJS.ProcessEnv) => () => readEnv(variables);

function faultsOf(read: () => unknown): readonly string[] {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(EnvError);
    const { faults, message } = error as EnvError;
    expect(message).toBe(['The settings are wrong:', ...faults.map((fault) => `- ${fault}`)].join('\n'));
    expect(inspect(error, { depth: null })).not.toContain(CANARY);
    return faults;
  }
  return [];
}

/** The names of the settings that are refused. */
function refusedBy(read: () => unknown): string[] {
  return faultsOf(read).map((fault) => fault.split(' ')[0] ?? '');
}

describe('outside production', () => {
  it.each([
    ['nothing is set', {}],
    [
      'all settings are empty',
      Object.fromEntries(
        [
          ...Object.keys(PRODUCTION),
          'HOST',
          'PORT',
          'DATA_DIR',
          'DOCS',
          'AUTH_DEVELOPMENT_PORT',
          'UI_CLIENT_ID',
          'UI_OAUTH_SCOPES',
          'DOCS_OAUTH_CLIENT_ID',
          'DOCS_OAUTH_SCOPES',
          'LOG_LEVEL',
          'REQUEST_ID_HEADER',
          'METRICS_PORT',
          'OTEL_EXPORTER_OTLP_ENDPOINT',
          'STRIPE_API_BASE',
          'WEBHOOK_SECRET_OVERLAP_HOURS',
          'EVENT_RETENTION_DAYS',
          'ERASE_EVENTS_ON_DELETE',
        ].map((name) => [name, ' ']),
      ),
    ],
    ['NODE_ENV is another', { NODE_ENV: 'test' }],
  ])('every setting has a default when %s', (_name, variables) => {
    expect(readEnv(variables)).toEqual({
      production: false,
      host: '127.0.0.1',
      port: 3000,
      databaseUrl: undefined,
      dataDir: '.data',
      keyRingFile: undefined,
      auth: { kind: 'development', requiredScope: undefined },
      publicBaseUrl: undefined,
      stripeApiBase: undefined,
      webhookSecretOverlapHours: 24,
      eventRetentionDays: 45,
      eraseEventsOnDelete: false,
      maxProjectsPerOwner: 250,
      eventsAtOnce: 4,
      requestsAtOnce: 32,
      shutdownDelaySeconds: 0,
      ui: true,
      docs: true,
      logLevel: 'info',
      requestIdHeader: undefined,
      telemetry: undefined,
      warnings: [],
    });
  });

  it('every setting is read, without white space around it', () => {
    const settings = {
      NODE_ENV: 'development',
      HOST: '::',
      PORT: '0',
      DATABASE_URL: 'postgresql://localhost/payments',
      DATA_DIR: '/var/data',
      KEY_RING_FILE: '/etc/key-ring.json',
      AUTH_ISSUER: 'http://localhost:8080/realms/a',
      AUTH_AUDIENCE: 'payments',
      AUTH_JWKS_URI: 'http://localhost:8080/keys',
      AUTH_REQUIRED_SCOPE: 'payments:write',
      PUBLIC_BASE_URL: 'http://localhost:3000//',
      STRIPE_API_BASE: 'http://127.0.0.1:12111',
      WEBHOOK_SECRET_OVERLAP_HOURS: '48',
      EVENT_RETENTION_DAYS: 'forever',
      ERASE_EVENTS_ON_DELETE: 'true',
      MAX_PROJECTS_PER_OWNER: '5',
      SHUTDOWN_DELAY_SECONDS: '3',
      UI: 'false',
      DOCS: 'false',
      LOG_LEVEL: 'debug',
      REQUEST_ID_HEADER: 'X-Request-Id',
      METRICS_HOST: '::1',
      METRICS_PORT: '9464',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=x',
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'more=y',
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRIC_EXPORT_INTERVAL: '5000',
    };
    expect(
      readEnv(Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, ` ${value}\n`]))),
    ).toEqual({
      production: false,
      host: '::',
      port: 0,
      databaseUrl: 'postgresql://localhost/payments',
      dataDir: '/var/data',
      keyRingFile: '/etc/key-ring.json',
      auth: {
        kind: 'issuer',
        issuer: 'http://localhost:8080/realms/a',
        audience: 'payments',
        audienceClaim: 'aud',
        jwksUri: 'http://localhost:8080/keys',
        requiredScope: 'payments:write',
      },
      publicBaseUrl: 'http://localhost:3000',
      stripeApiBase: 'http://127.0.0.1:12111',
      webhookSecretOverlapHours: 48,
      eventRetentionDays: 'forever',
      eraseEventsOnDelete: true,
      maxProjectsPerOwner: 5,
      eventsAtOnce: 4,
      requestsAtOnce: 32,
      shutdownDelaySeconds: 3,
      ui: false,
      docs: false,
      logLevel: 'debug',
      requestIdHeader: 'x-request-id',
      telemetry: {
        page: { host: '::1', port: 9464 },
        otlp: {
          metrics: true,
          traces: false,
          intervalMs: 5_000,
          headers: { metrics: 'api-key=x,more=y', traces: 'api-key=x' },
        },
      },
      warnings: [],
    });
  });

  it.each([
    ['a database', { DATABASE_URL: 'postgres://database.example/payments' }],
    ['a database in a file', { DATABASE_URL_FILE: import.meta.filename }],
    ['a host that others reach', { HOST: '0.0.0.0' }],
    ['any host', { HOST: '::' }],
    ['a host by name', { HOST: 'payments.example' }],
  ])('nothing is generated beside %s unless it is said to be development', (_name, real) => {
    for (const nodeEnv of [undefined, 'test']) {
      for (const read of [readEnv, readTokenEnv]) {
        const faults = faultsOf(() => read({ ...real, NODE_ENV: nodeEnv }));
        expect(faults.filter((fault) => fault.startsWith('NODE_ENV'))).toEqual([
          expect.stringMatching(/^NODE_ENV must be set to production or development where .* generated$/),
        ]);
      }
    }
    expect(refusedBy(env({ ...real, NODE_ENV: 'development' }))).not.toContain('NODE_ENV');
    expect(refusedBy(env({ ...PRODUCTION, ...real, DATABASE_URL_FILE: '' }))).toEqual([]);
  });

  it.each(['', 'METRICS_', 'TRACES_'])(
    'headers for a collector that nobody would send are refused (%s)',
    (of) => {
      const name = `OTEL_EXPORTER_OTLP_${of}HEADERS`;
      for (const wrong of [CANARY, `a=${CANARY},b`, '=x', 'a=', 'a=x;y', 'a=%E0', 'a b=x', 'a=x%0a']) {
        const [fault, ...others] = faultsOf(env({ [name]: wrong }));
        expect([fault, others]).toEqual([expect.stringMatching(`^${name} must be name=value, `), []]);
        expect(fault).not.toContain(CANARY);
      }
      expect(refusedBy(env({ [name]: 'api-key=a%2Cb=, Other = Basic dXNlcg==' }))).toEqual([]);
    },
  );

  it.each(['localhost', '127.0.0.1', '127.8.9.10', '::1'])('%s is this machine alone', (host) => {
    expect(readEnv({ HOST: host })).toMatchObject({ production: false, host });
  });

  it.each(['prod', 'Production', 'PRODUCTION', 'staging', 'dev', CANARY])(
    'NODE_ENV=%s is refused, by the service and by every command',
    (nodeEnv) => {
      const variables = { ...PRODUCTION, NODE_ENV: nodeEnv };
      for (const read of [readEnv, readTokenEnv, readKeysEnv, readWebhookSendEnv]) {
        const [fault] = faultsOf(() => read(variables));
        expect(fault).toBe('NODE_ENV must be one of production, development, test');
      }
    },
  );

  it.each([0, 1, 24, 168])('a replaced webhook secret is accepted for %i more hours', (hours) => {
    const { webhookSecretOverlapHours } = readEnv({ WEBHOOK_SECRET_OVERLAP_HOURS: String(hours) });
    expect(webhookSecretOverlapHours).toBe(hours);
  });

  it.each([SECRET, DEVELOPMENT_SECRET, 'x'.repeat(32), 'é'.repeat(16)])(
    'a shared secret of 32 bytes or more is taken',
    (secret) => {
      const { auth } = readEnv({ AUTH_JWT_SECRET: secret, AUTH_REQUIRED_SCOPE: 'a' });
      expect(auth).toMatchObject({ kind: 'secret', requiredScope: 'a' });
      expect(auth.kind === 'secret' && auth.secret.export().toString()).toBe(secret);
    },
  );
});

describe('in production', () => {
  it('has its own defaults', () => {
    expect(readEnv(PRODUCTION)).toMatchObject({
      production: true,
      host: '127.0.0.1',
      port: 3000,
      auth: {
        kind: 'issuer',
        issuer: 'https://id.example/',
        audience: 'payments',
        audienceClaim: 'aud',
        jwksUri: undefined,
      },
      ui: false,
      docs: false,
      logLevel: 'info',
      warnings: [],
    });
  });

  it('offers the docs when asked', () => {
    expect(readEnv({ ...PRODUCTION, DOCS: 'true' }).docs).toBe(true);
  });

  it.each([
    [{}, ['openid']],
    [{ AUTH_REQUIRED_SCOPE: 'payments' }, ['openid', 'payments']],
    [{ DOCS_OAUTH_SCOPES: 'api://payments/all  email' }, ['api://payments/all', 'email']],
  ])('signs the explorer in as the client that it is given, with %j', (more, scopes) => {
    const { docsSignIn } = readEnv({ ...PRODUCTION, DOCS_OAUTH_CLIENT_ID: 'explorer', ...more });
    expect(docsSignIn).toEqual({ clientId: 'explorer', scopes });
    expect(readEnv(PRODUCTION).docsSignIn).toBeUndefined();
  });

  it.each([
    [{}, ['openid', 'profile']],
    [{ AUTH_REQUIRED_SCOPE: 'payments' }, ['openid', 'profile', 'payments']],
    [{ UI_OAUTH_SCOPES: 'openid offline_access' }, ['openid', 'offline_access']],
  ])('signs people in on the page as the client that it is given, with %j', (more, scopes) => {
    const { pageSignIn } = readEnv({ ...PRODUCTION, UI_CLIENT_ID: 'page', ...more });
    expect(pageSignIn).toEqual({ clientId: 'page', scopes });
    expect(readEnv(PRODUCTION).pageSignIn).toBeUndefined();
  });

  it('generates nothing that it should be given', () => {
    expect(refusedBy(env({ NODE_ENV: 'production' }))).toEqual([
      'DATABASE_URL',
      'KEY_RING_FILE',
      'AUTH_ISSUER',
      'PUBLIC_BASE_URL',
    ]);
  });

  it.each(Object.keys(PRODUCTION).filter((name) => name !== 'NODE_ENV'))(
    'is refused without %s, and the fix is named',
    (name) => {
      const faults = faultsOf(env({ ...PRODUCTION, [name]: undefined }));
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(new RegExp(`^${name} is missing; .*set it to`));
    },
  );

  it.each([
    ['AUTH_ISSUER', 'http://id.example'],
    ['AUTH_JWKS_URI', 'http://id.example/keys'],
    ['PUBLIC_BASE_URL', 'http://payments.example'],
  ])('is refused with an address in the clear as %s', (name, address) => {
    expect(faultsOf(env({ ...PRODUCTION, [name]: address }))).toEqual([`${name} must be an https address`]);
  });

  it.each([
    'http://stripe.example',
    'http://localhost:12111',
    'http://127.0.0.1:12111',
    'HTTP://stripe.example',
  ])('is refused with Stripe in the clear at %s', (address) => {
    expect(faultsOf(env({ ...PRODUCTION, STRIPE_API_BASE: address }))).toEqual([
      expect.stringMatching(/^STRIPE_API_BASE must be an https address/),
    ]);
  });

  it('takes another address of Stripe by https', () => {
    const address = 'https://stripe.example:8443';
    expect(readEnv({ ...PRODUCTION, STRIPE_API_BASE: address }).stripeApiBase).toBe(address);
  });

  const BY_SECRET = { ...PRODUCTION, AUTH_ISSUER: '', AUTH_AUDIENCE: '' };

  it('takes a shared secret instead of an issuer', () => {
    expect(readEnv({ ...BY_SECRET, AUTH_JWT_SECRET: SECRET }).auth.kind).toBe('secret');
  });

  it.each([DEVELOPMENT_SECRET, ` ${DEVELOPMENT_SECRET}`])(
    'refuses a secret that was made for development',
    (secret) => {
      const faults = faultsOf(env({ ...BY_SECRET, AUTH_JWT_SECRET: secret }));
      expect(faults).toEqual([expect.stringMatching(/^AUTH_JWT_SECRET was made for development/)]);
      expect(faults.join()).not.toContain(SECRET.slice(0, 6));
    },
  );
});

describe('a wrong setting', () => {
  it.each([
    ['explorer', 'DOCS_OAUTH_CLIENT_ID', 'DOCS_OAUTH_SCOPES'],
    ['page', 'UI_CLIENT_ID', 'UI_OAUTH_SCOPES'],
  ])('is a sign-in of the %s where there is no identity provider, or no client', (_, client, scopes) => {
    expect(refusedBy(env({ [client]: CANARY }))).toEqual([client]);
    expect(refusedBy(env({ ...PRODUCTION, [scopes]: CANARY }))).toEqual([scopes]);
  });

  it.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['PORT', '1e3'],
    ['PORT', CANARY],
    ['DOCS', 'yes'],
    ['DOCS', 'TRUE'],
    ['DOCS', CANARY],
    ['LOG_LEVEL', 'verbose'],
    ['LOG_LEVEL', CANARY],
    ['DATABASE_URL', CANARY],
    ['DATABASE_URL', `mysql://user:${CANARY}@host/database`],
    ['DATABASE_URL', `postgres://user:${CANARY}@host:port/database`],
    ['PUBLIC_BASE_URL', CANARY],
    ['PUBLIC_BASE_URL', `ftp://${CANARY}.example`],
    ['STRIPE_API_BASE', CANARY],
    ['STRIPE_API_BASE', `ftp://${CANARY}.example`],
    ['STRIPE_API_BASE', `https://stripe.example:443${CANARY}`],
    ['STRIPE_API_BASE', `https://stripe.example ${CANARY}`],
    ['STRIPE_API_BASE', `https://stripe.example, ${CANARY}`],
    ['STRIPE_API_BASE', `https://stripe.example/${CANARY}`],
    ['STRIPE_API_BASE', `https://stripe.example?${CANARY}`],
    ['STRIPE_API_BASE', `https://stripe.example#${CANARY}`],
    ['STRIPE_API_BASE', `https://user:${CANARY}@stripe.example`],
    ['MAX_PROJECTS_PER_OWNER', '0000000'],
    ['MAX_PROJECTS_PER_OWNER', '1000001'],
    ['SHUTDOWN_DELAY_SECONDS', '61'],
    ['WEBHOOK_SECRET_OVERLAP_HOURS', '169'],
    ['WEBHOOK_SECRET_OVERLAP_HOURS', '-1'],
    ['WEBHOOK_SECRET_OVERLAP_HOURS', '1.5'],
    ['WEBHOOK_SECRET_OVERLAP_HOURS', '1e2'],
    ['WEBHOOK_SECRET_OVERLAP_HOURS', '24h'],
    ['WEBHOOK_SECRET_OVERLAP_HOURS', CANARY],
    ['AUTH_JWT_SECRET', CANARY],
    ['AUTH_JWT_SECRET', 'x'.repeat(31)],
  ])('%s=%s is named without its value', (name, value) => {
    const faults = faultsOf(env({ NODE_ENV: 'development', [name]: value }));
    expect(faults).toEqual([expect.stringMatching(`^${name} (must be|is shorter)`)]);
    expect(faults[0]).not.toContain(value);
  });

  it.each(
    ['PUBLIC_BASE_URL', 'STRIPE_API_BASE', 'AUTH_ISSUER', 'AUTH_JWKS_URI'].flatMap((name) =>
      (
        [
          [`https://x.example/?${CANARY}`, '"?" and what follows it'],
          ['https://x.example?', '"?" and what follows it'],
          [`https://x.example/#${CANARY}`, '"#" and what follows it'],
          ['https://x.example#', '"#" and what follows it'],
          [`https://${CANARY}@x.example`, 'a user name or password'],
          [`https://user:${CANARY}@x.example/pay`, 'a user name or password'],
          ['https://@x.example', 'a user name or password'],
          [`https://x.example/a ${CANARY}`, 'a blank'],
          ['https://x.example, https://y.example', 'a blank'],
          ['https://x.exa\tmple', 'a blank'],
          [`https://x.example\\${CANARY}`, 'a backslash'],
        ] as const
      )
        .filter(([, part]) => !(name === 'AUTH_JWKS_URI' && part.startsWith('"?"')))
        .map(([value, part]) => [name, value, part] as const),
    ),
  )('%s=%s is refused, since webhook URLs and others are built upon it', (name, value, part) => {
    const provider = { AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'payments' };
    const [fault, ...others] = faultsOf(env({ ...provider, [name]: value }));
    expect(others).toEqual([]);
    expect(fault).toMatch(new RegExp(`^${name} must be .*address.* without `));
    expect(fault).toContain(`without ${part}; leave that out`);
  });

  it.each(['https:x.example', 'https:/x.example', 'https:///x.example'])(
    'PUBLIC_BASE_URL=%s is refused though a parser would repair it',
    (value) => {
      expect(faultsOf(env({ PUBLIC_BASE_URL: value }))).toEqual([
        'PUBLIC_BASE_URL must be an http or https address',
      ]);
    },
  );

  it('is no key set that its provider distinguishes by a query', () => {
    const jwksUri = 'https://id.example/keys?policy=a';
    const { auth } = readEnv({
      AUTH_ISSUER: 'https://id.example',
      AUTH_AUDIENCE: 'payments',
      AUTH_JWKS_URI: jwksUri,
    });
    expect(auth).toMatchObject({ jwksUri });
  });

  it.each([
    ['an audience', { AUTH_ISSUER: 'https://id.example' }, ['AUTH_AUDIENCE']],
    ['an issuer', { AUTH_AUDIENCE: 'payments' }, ['AUTH_ISSUER']],
    [
      'an issuer and an audience',
      { AUTH_JWKS_URI: 'https://id.example/keys' },
      ['AUTH_ISSUER', 'AUTH_AUDIENCE'],
    ],
  ])('is an identity provider without %s', (_name, variables, names) => {
    expect(refusedBy(env(variables))).toEqual(names);
  });

  it.each([`${CANARY}.example`, `ldap://${CANARY}.example`])('is an identity provider at %s', (address) => {
    const variables = { AUTH_ISSUER: address, AUTH_AUDIENCE: 'payments', AUTH_JWKS_URI: address };
    expect(faultsOf(env(variables))).toEqual([
      'AUTH_ISSUER must be an http or https address',
      'AUTH_JWKS_URI must be an http or https address',
    ]);
  });

  it.each(['AUTH_ISSUER', 'AUTH_AUDIENCE', 'AUTH_JWKS_URI'])('is %s beside a shared secret', (name) => {
    expect(faultsOf(env({ AUTH_JWT_SECRET: SECRET, [name]: 'https://id.example' }))).toEqual([
      `${name} cannot stand beside AUTH_JWT_SECRET; remove one of them`,
    ]);
  });

  it.each([`x ${CANARY}`, `x_${CANARY}`, `${CANARY}:`, '1d', '-', `${CANARY}${'x'.repeat(64)}`, 'id, id'])(
    'is a header of request ids that is none: %j',
    (name) => {
      expect(faultsOf(env({ REQUEST_ID_HEADER: name }))).toEqual([
        'REQUEST_ID_HEADER must be the name of a header, of letters, digits and hyphens; set it to the one in which the proxy sends its request id, such as x-request-id',
      ]);
    },
  );

  it.each([
    'authorization',
    'Authorization',
    'Proxy-Authorization',
    'cookie',
    'Stripe-Signature',
    'host',
    'if-match',
    'accept',
    'content-length',
    'traceparent',
  ])('is a header of request ids that holds something else: %s', (name) => {
    expect(faultsOf(env({ REQUEST_ID_HEADER: name }))).toEqual([
      'REQUEST_ID_HEADER names a header that holds something else; set it to the one in which the proxy sends its request id, such as x-request-id',
    ]);
  });

  it.each(['x-request-id', 'Request-Id', 'x-amzn-request-id', 'X-Correlation-ID', 'iffy'])(
    'is no header of request ids such as %s',
    (name) => {
      expect(readEnv({ REQUEST_ID_HEADER: name }).requestIdHeader).toBe(name.toLowerCase());
    },
  );

  it.each(Object.keys(SETTINGS))('%s is never repeated, whatever it is', (name) => {
    for (const read of [readEnv, readKeysEnv, readTokenEnv, readWebhookSendEnv]) {
      // Where it is refused, this looks for the value.
      for (const value of [CANARY, `\u0000${CANARY}`, `${CANARY}?`, `-1${CANARY}`]) {
        faultsOf(() => read({ ...PRODUCTION, [name]: value }));
      }
    }
  });

  it('is listed with all others', () => {
    const names = [
      'PORT',
      'DATABASE_URL',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
      'AUTH_JWKS_URI',
      'AUTH_JWT_SECRET',
      'PUBLIC_BASE_URL',
      'STRIPE_API_BASE',
      'WEBHOOK_SECRET_OVERLAP_HOURS',
      'DOCS',
      'LOG_LEVEL',
    ];
    const wrong = Object.fromEntries(names.map((name) => [name, CANARY]));
    expect(refusedBy(env({ NODE_ENV: 'development', ...wrong })).sort()).toEqual(names.sort());
    expect(refusedBy(env({ NODE_ENV: 'production', ...wrong })).sort()).toEqual(
      [...names, 'KEY_RING_FILE'].sort(),
    );
  });
});

describe('a secret in a file', () => {
  let folder: string;
  const inFile = (text: string, mode = 0o600) => {
    const path = join(folder, 'secret');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'env-spec-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('is taken without white space around it and without a byte order mark', () => {
    const token = readEnv({ VAULT_TOKEN_FILE: inFile('\uFEFFtoken\r\n') }).vaultToken;
    expect(token?.reveal()).toBe('token');
    const { auth } = readEnv({ AUTH_JWT_SECRET_FILE: inFile(`${SECRET}\n`) });
    expect(auth.kind === 'secret' && auth.secret.export().toString()).toBe(SECRET);
    const url = 'postgres://user@database.example/payments';
    expect(readDatabaseEnv({ DATABASE_URL_FILE: inFile(`${url}\n`) })).toBe(url);
    expect(readWebhookSendEnv({ WEBHOOK_SECRET_FILE: inFile('secret\n') }).webhookSecret?.reveal()).toBe(
      'secret',
    );
  });

  it.each([
    [
      'that is missing',
      () => join(folder, 'none'),
      /^cannot be read \(ENOENT\): there is no such file; check/,
    ],
    ['that is empty', () => inFile('\n'), /^is empty; write the secret into it$/],
    ['that others may write', () => inFile(SECRET, 0o622), /^may be written by .*chmod go-w/],
    ['that is a folder', () => folder, /^cannot be read \(EISDIR\): it is a folder/],
  ])('%s is refused, naming the setting and the fix', (_name, file, message) => {
    const read = {
      AUTH_JWT_SECRET_FILE: readEnv,
      DATABASE_URL_FILE: readDatabaseEnv,
      VAULT_TOKEN_FILE: readKeysEnv,
      WEBHOOK_SECRET_FILE: readWebhookSendEnv,
    };
    for (const [name, of] of Object.entries(read)) {
      const path = file();
      const faults = faultsOf(() => of({ [name]: path }));
      expect(faults).toHaveLength(1);
      const [, fault = ''] = faults[0]?.split(`${name} names a file that `) ?? [];
      expect(fault).toMatch(message);
      expect(fault).not.toContain(folder);
    }
  });

  it.each(SECRET_NAMES)('cannot stand beside %s', (name) => {
    const variables = { NODE_ENV: 'development', [name]: CANARY, [`${name}_FILE`]: inFile(SECRET) };
    const faults = [readEnv, readWebhookSendEnv].flatMap((read) => faultsOf(() => read(variables)));
    expect(faults).toContain(`${name} cannot stand beside ${name}_FILE; remove one of them`);
  });

  it('that others may read gives a warning', () => {
    expect(readEnv({ VAULT_TOKEN_FILE: inFile('token', 0o644) }).warnings).toEqual([
      expect.stringMatching(/^VAULT_TOKEN_FILE names a file that may be read by every user/),
    ]);
    expect(readEnv({ VAULT_TOKEN_FILE: inFile('token', 0o640) }).warnings).toEqual([]);
  });
});

describe('the settings of the command line', () => {
  it('for the database is its address only, which has no default', () => {
    expect(readDatabaseEnv({ ...PRODUCTION, PORT: CANARY })).toBe(PRODUCTION.DATABASE_URL);
    expect(refusedBy(() => readDatabaseEnv({}))).toEqual(['DATABASE_URL']);
    expect(refusedBy(() => readDatabaseEnv({ DATABASE_URL: `mysql://${CANARY}` }))).toEqual(['DATABASE_URL']);
  });

  it('for tokens are how they are verified, and where the files are', () => {
    expect(readTokenEnv({ PORT: '4000', AUTH_DEVELOPMENT_PORT: '4100' })).toEqual({
      auth: { kind: 'development', requiredScope: undefined, port: 4100 },
      dataDir: '.data',
      servicePort: 4000,
    });
    expect(readTokenEnv({ AUTH_JWT_SECRET: SECRET, DATA_DIR: '/var/data' })).toMatchObject({
      auth: { kind: 'secret' },
      dataDir: '/var/data',
    });
    expect(refusedBy(() => readTokenEnv({ AUTH_JWT_SECRET: CANARY }))).toEqual(['AUTH_JWT_SECRET']);
    expect(
      refusedBy(() => readTokenEnv({ NODE_ENV: 'production', AUTH_JWT_SECRET: DEVELOPMENT_SECRET })),
    ).toEqual(['AUTH_JWT_SECRET']);
  });

  it('for test webhooks are where to send them, and what signs them', () => {
    const secret = fakeCredential('test_webhook_secret');
    const read = readWebhookSendEnv({
      PUBLIC_BASE_URL: ' http://localhost:8080/ ',
      PORT: '9',
      WEBHOOK_SECRET: ` ${secret}\n`,
      DATABASE_URL: CANARY,
    });
    expect(read.publicBaseUrl).toBe('http://localhost:8080');
    expect(read.webhookSecret?.reveal()).toBe(secret);
    expect(inspect(read, { depth: null })).not.toContain(secret);
  });

  it('for test webhooks are this machine’s and no secret by default', () => {
    expect(readWebhookSendEnv({})).toEqual({
      publicBaseUrl: 'http://localhost:3000',
      webhookSecret: undefined,
    });
    expect(readWebhookSendEnv({ PORT: '8080', WEBHOOK_SECRET: ' ' })).toEqual({
      publicBaseUrl: 'http://localhost:8080',
      webhookSecret: undefined,
    });
  });

  it('for test webhooks are validated as the service’s are', () => {
    const refused = (variables: NodeJS.ProcessEnv) => refusedBy(() => readWebhookSendEnv(variables));
    expect(refused({ PUBLIC_BASE_URL: CANARY })).toEqual(['PUBLIC_BASE_URL']);
    expect(refused({ PORT: CANARY })).toEqual(['PORT']);
    expect(refused({ NODE_ENV: 'production', PUBLIC_BASE_URL: 'http://payments.example' })).toEqual([
      'PUBLIC_BASE_URL',
    ]);
  });
});

it.each([
  ['https://admin.example', ['https://admin.example']],
  ['https://Admin.example:443/  http://localhost:5173', ['https://admin.example', 'http://localhost:5173']],
])('CORS_ORIGINS %s are compared as browsers write them', (text, origins) => {
  expect(readEnv({ NODE_ENV: 'development', CORS_ORIGINS: text }).origins).toEqual(origins);
});

it.each(['*', 'null', 'admin.example', 'https://admin.example/app', 'https://*.example', 'https://a b'])(
  'CORS_ORIGINS %s is refused',
  (text) => {
    expect(refusedBy(env({ NODE_ENV: 'development', CORS_ORIGINS: text }))).toEqual(['CORS_ORIGINS']);
  },
);

it('CORS_ORIGINS without TLS is refused in production', () => {
  expect(refusedBy(env({ NODE_ENV: 'production', CORS_ORIGINS: 'http://admin.example' }))).toContain(
    'CORS_ORIGINS',
  );
});
