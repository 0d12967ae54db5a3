import type { JWTPayload } from 'jose';
import { readEnv } from '../src/app/env.js';
import type { AccessTokenOptions } from '../src/payments/options/payments.options.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import {
  makeSigningKey,
  startIdentityProvider,
  type IdentityProvider,
  type SigningKey,
} from './support/identity-provider.js';
import { PROVIDERS, type ProviderCase } from './support/provider-tokens.js';
import { startTestService, type TestResponse, type TestService } from './support/service.js';

let key: SigningKey;
let provider: IdentityProvider;
let database: TestDatabase;
let service: TestService;
let log = '';

beforeAll(async () => {
  key = await makeSigningKey('RS256');
  provider = await startIdentityProvider(key);
  // Entra's key sets do not say what a key signs with.
  delete provider.keys[0]?.alg;
  database = await createTestDatabase();
});
afterAll(async () => {
  await provider.stop();
  await database.drop();
});

/** A service with the settings, where the key set is the local provider's. */
async function start(settings: ProviderCase['settings']): Promise<TestService> {
  const { auth } = readEnv({ ...settings, AUTH_JWKS_URI: provider.jwksUri });
  return startTestService({
    database,
    auth: auth as AccessTokenOptions,
    logLevel: 'info',
    logDestination: { write: (line) => void (log += line) },
  });
}

async function ask(claims: JWTPayload, header?: Record<string, unknown>): Promise<TestResponse> {
  const now = Math.floor(Date.now() / 1000);
  const token = await provider.sign(key, { iat: now, nbf: now, exp: now + 3600, ...claims }, header);
  log = '';
  return service.request('GET', '/api/v1/payments/projects', {
    subject: null,
    headers: { authorization: `Bearer ${token}` },
  });
}

describe.each(Object.entries(PROVIDERS))('tokens of %s', (_, { settings, header, claims, ...cases }) => {
  beforeAll(async () => {
    service = await start(settings);
  });
  afterAll(() => service.stop());

  it('are accepted', async () => {
    expect(await ask(claims, header)).toMatchObject({ status: 200 });
    for (const changes of Object.values(cases.accepted ?? {})) {
      expect(await ask({ ...claims, ...changes }, header)).toMatchObject({ status: 200 });
    }
  });

  it.each(cases.nearMisses)('are refused with %s', async (_what, changes, reason) => {
    const { status } = await ask({ ...claims, ...changes }, header);
    const isScope = reason === 'insufficient_scope';
    expect(status).toBe(isScope ? 403 : 401);
    expect(JSON.parse(log)).toMatchObject(isScope ? { code: reason } : { code: 'invalid_token', reason });
  });
});

it.each([
  ['a slash more', 'https://Id.example.com/realm/', 'https://Id.example.com/realm', 'the slash at its end'],
  ['another scheme', 'http://id.example.com', 'https://id.example.com', 'its scheme'],
  ['other letters', 'https://id.example.com/Realm', 'https://id.example.com/realm', 'its letter case'],
  [
    'all of them',
    'HTTP://id.example.com/Realm/',
    'https://id.example.com/realm',
    'the slash at its end and its scheme and its letter case',
  ],
])('the log says that the issuer of tokens has %s', async (_, given, expected, difference) => {
  service = await start({ AUTH_ISSUER: expected, AUTH_AUDIENCE: 'payments' });
  try {
    await ask({ iss: given, aud: 'payments', sub: 'alice' });
    expect(JSON.parse(log)).toMatchObject({
      reason: 'issuer',
      explanation: `the "iss" of the token differs from auth.issuer (AUTH_ISSUER), "${expected}", in ${difference}; set it exactly as the tokens have it`,
    });
    await ask({ iss: 'https://other.example\nforged', aud: 'payments', sub: 'alice' });
    expect(JSON.parse(log)).toMatchObject({
      reason: 'issuer',
      explanation: `the "iss" of the token is another one than auth.issuer (AUTH_ISSUER), "${expected}"`,
    });
    expect(log).not.toContain('other.example');
  } finally {
    await service.stop();
  }
});
