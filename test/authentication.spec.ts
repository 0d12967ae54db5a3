import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  randomUUID,
  sign,
  type JsonWebKey,
} from 'node:crypto';
import { exportJWK, type JWTPayload } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { expectError, PROBLEM_FORM } from './support/errors.js';
import {
  AUDIENCE,
  makeSigningKey,
  startIdentityProvider,
  type IdentityProvider,
  type SigningKey,
} from './support/identity-provider.js';
import { rawExchange, rawRequest } from './support/raw-http.js';
import {
  configPath,
  startTestService,
  TEST_SECRET,
  testToken,
  type TestResponse,
  type TestService,
  type TestServiceOptions,
} from './support/service.js';

// Passport knows strategies by name for the whole process: each service is used before the next one starts.

const PATH = '/api/v1/payments/projects';

const NOT_AUTHENTICATED = [401, 'not_authenticated', 'Bearer'] as const;
const INVALID_TOKEN = [401, 'invalid_token', 'Bearer error="invalid_token"'] as const;

function expectRefusal(
  response: TestResponse,
  [status, code, challenge]: readonly [number, string, string],
): void {
  expectError(response, status, code);
  expect(response.headers.get('www-authenticate')).toBe(challenge);
}

/** Asks with these raw header lines. */
async function ask(service: TestService, ...headers: string[]): Promise<TestResponse> {
  const [answer] = await rawExchange(
    service.url,
    rawRequest([`GET ${PATH} HTTP/1.1`, 'Connection: close', ...headers]),
  );
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

const askWith = (service: TestService, token: string) => ask(service, `Authorization: Bearer ${token}`);

async function expectAccepted(service: TestService, token: string): Promise<void> {
  const { status, json } = await askWith(service, token);
  expect({ status, json }).toMatchObject({ status: 200 });
}

async function expectRefused(service: TestService, token: string): Promise<void> {
  expectRefusal(await askWith(service, token), INVALID_TOKEN);
}

/** A compact JWS of anything, signed by whatever is given. */
function forge(header: object, claims: unknown, signer: (input: string) => string): string {
  const input = [header, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${signer(input)}`;
}

const hmac =
  (secret: string | Buffer, hash = 'sha256') =>
  (input: string) =>
    createHmac(hash, secret).update(input).digest('base64url');

const NO_AUDIENCE = { aud: undefined } as unknown as JWTPayload;

/** What an identity provider may sign with. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

const seconds = () => Math.floor(Date.now() / 1000);

async function withService<T>(
  options: TestServiceOptions,
  use: (service: TestService) => Promise<T>,
): Promise<T> {
  const service = await startTestService(options);
  try {
    return await use(service);
  } finally {
    await service.stop();
  }
}

describe('by a shared secret', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service.stop());

  const claims = (changes: object = {}) => ({ sub: 'alice', exp: seconds() + 600, ...changes });
  const signed = (changes: object = {}, header: object = {}) =>
    forge({ alg: 'HS256', typ: 'JWT', ...header }, claims(changes), hmac(TEST_SECRET));

  it.each<[string, () => string]>([
    ['a plain one', () => signed()],
    ['one without a type', () => forge({ alg: 'HS256' }, claims(), hmac(TEST_SECRET))],
    ['an access token by RFC 9068', () => signed({}, { typ: 'at+jwt' })],
    ['an access token by RFC 9068, long form', () => signed({}, { typ: 'application/at+jwt' })],
    ['one that says it is an access token', () => signed({ token_use: 'access' })],
    ['a bearer token of Keycloak', () => signed({ typ: 'Bearer' })],
    ['one that expired within the leeway', () => signed({ exp: seconds() - 30 })],
    ['one that begins within the leeway', () => signed({ nbf: seconds() + 30 })],
    ['a subject that is no UUID', () => signed({ sub: 'auth0|123' })],
    ['a subject of 255 characters', () => signed({ sub: 's'.repeat(255) })],
    ['any issuer and audience', () => signed({ iss: 'https://any.test', aud: 'any' })],
    ['a key id', () => signed({}, { kid: '../../dev/null' })],
  ])('accepts %s', async (_, token) => {
    await expectAccepted(service, token());
  });

  it.each<[string, () => string]>([
    ['no JWT', () => 'x'],
    ['a JWT of two parts', () => signed().split('.').slice(0, 2).join('.')],
    ['a JWT of four parts', () => `${signed()}.x`],
    ['a JWE', () => 'a.b.c.d.e'],
    ['a header that is no JSON', () => `x.${signed().split('.').slice(1).join('.')}`],
    ['a header that is null', () => signed().replace(/^[^.]*/, Buffer.from('null').toString('base64url'))],
    ['claims that are a text', () => forge({ alg: 'HS256' }, 'alice', hmac(TEST_SECRET))],
    ['claims that are a list', () => forge({ alg: 'HS256' }, [claims()], hmac(TEST_SECRET))],
    ['claims that are null', () => forge({ alg: 'HS256' }, null, hmac(TEST_SECRET))],
    ['no signature', () => signed().replace(/[^.]*$/, '')],
    [
      'a changed signature',
      () =>
        signed().replace(
          /\.([^.])([^.]*)$/,
          (_, first, rest) => `.${first === 'A' ? 'B' : 'A'}${String(rest)}`,
        ),
    ],
    ['a signature cut short', () => signed().slice(0, -8)],
    ['changed claims', () => tamper(signed(), { sub: 'bob' })],
    ['another secret', () => forge({ alg: 'HS256' }, claims(), hmac('x'.repeat(48)))],
    ['an empty secret', () => forge({ alg: 'HS256' }, claims(), hmac(''))],
    ['alg none', () => forge({ alg: 'none' }, claims(), () => '')],
    ['alg None', () => forge({ alg: 'None' }, claims(), () => '')],
    ['alg none and a signature', () => forge({ alg: 'none' }, claims(), hmac(TEST_SECRET))],
    ['no alg', () => forge({ typ: 'JWT' }, claims(), hmac(TEST_SECRET))],
    ['alg HS384', () => forge({ alg: 'HS384' }, claims(), hmac(TEST_SECRET, 'sha384'))],
    ['alg HS512', () => forge({ alg: 'HS512' }, claims(), hmac(TEST_SECRET, 'sha512'))],
    ['alg hs256', () => forge({ alg: 'hs256' }, claims(), hmac(TEST_SECRET))],
    [
      'a key of its own (jwk)',
      () => forge({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } }, claims(), hmac('\0\0\0')),
    ],
    ['extensions (crit)', () => signed({}, { crit: ['b64'], b64: true })],
    ['an empty list of extensions', () => signed({}, { crit: [] })],
    ['an unknown type', () => signed({}, { typ: 'logout+jwt' })],
    ['a type that is no text', () => signed({}, { typ: ['JWT'] })],
    ['expired beyond the leeway', () => signed({ exp: seconds() - 90 })],
    ['not begun yet', () => signed({ nbf: seconds() + 90 })],
    ['no exp', () => signed({ exp: undefined })],
    ['an exp that is a text', () => signed({ exp: String(seconds() + 600) })],
    ['an exp that is null', () => signed({ exp: null })],
    ['an nbf that is a text', () => signed({ nbf: String(seconds() - 600) })],
    ['an ID token', () => signed({ token_use: 'id' })],
    ['an ID token of Keycloak', () => signed({ typ: 'ID' })],
    ['a refresh token', () => signed({ typ: 'Refresh' })],
    ['a refresh token by another claim', () => signed({ type: 'refresh' })],
    ['a token use that is no text', () => signed({ token_use: { access: true } })],
    ['no sub', () => signed({ sub: undefined })],
    ['an empty sub', () => signed({ sub: '' })],
    ['a sub of 256 characters', () => signed({ sub: 's'.repeat(256) })],
    ['a sub that is a number', () => signed({ sub: 1 })],
    ['a sub that is an object', () => signed({ sub: { toString: 'alice' } })],
    ['a sub that is a list', () => signed({ sub: ['alice'] })],
    ['a sub with a NUL', () => signed({ sub: 'alice\0' })],
    ['a sub with half a surrogate pair', () => signed({ sub: 'alice\ud800' })],
    ['valid for ten years', () => signed({ exp: seconds() + 10 * 366 * 86_400 })],
    ['valid for ever', () => signed({ exp: 1e308 })],
  ])('refuses %s', async (_, token) => {
    await expectRefused(service, token());
  });

  it('refuses a token signed by an RSA key', async () => {
    const { privateKey, kid } = await makeSigningKey('RS256');
    const key = createPrivateKey({ key: (await exportJWK(privateKey)) as JsonWebKey, format: 'jwk' });
    await expectRefused(service, jsonwebtoken.sign(claims(), key, { algorithm: 'RS256', keyid: kid }));
  });

  it('takes whatever sub it is for the owner', async () => {
    const subject = `auth0|${randomUUID()}`;
    const id = await service.createProject(subject);
    expect((await service.request('PUT', configPath(id), { subject, body: {} })).status).toBe(200);
    for (const other of [subject.toUpperCase(), `${subject} `, `${subject}x`, subject.slice(0, -1)]) {
      expectError(await service.request('GET', configPath(id), { subject: other }), 403, 'not_project_owner');
    }
  });

  describe('in the header', () => {
    it.each<[string, (token: string) => string[]]>([
      ['lower case', (token) => [`authorization: bearer ${token}`]],
      ['upper case', (token) => [`AUTHORIZATION: BEARER ${token}`]],
      ['several spaces', (token) => [`Authorization:   Bearer   ${token}  `]],
    ])('it may be written in %s', async (_, headers) => {
      expect((await ask(service, ...headers(testToken('alice')))).status).toBe(200);
    });

    it.each<[string, (token: string) => string[]]>([
      ['nothing', () => []],
      ['an empty header', () => ['Authorization:']],
      [
        'basic credentials',
        () => [`Authorization: Basic ${Buffer.from('alice:password').toString('base64')}`],
      ],
      ['another scheme', (token) => [`Authorization: Token ${token}`]],
      ['the token alone', (token) => [`Authorization: ${token}`]],
      [
        'another header',
        (token) => [`X-Authorization: Bearer ${token}`, `Proxy-Authorization: Bearer ${token}`],
      ],
      ['a cookie', (token) => [`Cookie: access_token=${token}; Authorization=Bearer ${token}`]],
    ])('%s is no credential', async (_, headers) => {
      expectRefusal(await ask(service, ...headers(testToken('alice'))), NOT_AUTHENTICATED);
    });

    it('a query is no credential', async () => {
      const token = testToken('alice');
      const path = `${PATH}?access_token=${token}&authorization=Bearer%20${token}`;
      expectRefusal(await service.request('GET', path, { subject: null }), NOT_AUTHENTICATED);
    });

    it.each<[string, (token: string) => string[]]>([
      ['Bearer alone', () => ['Authorization: Bearer']],
      ['no space', (token) => [`Authorization: Bearer${token}`]],
      ['a tab', (token) => [`Authorization: Bearer\t${token}`]],
      ['two tokens', (token) => [`Authorization: Bearer ${token} ${token}`]],
      ['two schemes', (token) => [`Authorization: Bearer ${token}, Basic x`]],
      ['quotes', (token) => [`Authorization: Bearer "${token}"`]],
      ['twice', (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]],
      [
        'twice, once as another scheme',
        (token) => [`Authorization: Bearer ${token}`, 'Authorization: Basic x'],
      ],
      [
        'twice, first as another scheme',
        (token) => ['Authorization: Basic x', `authorization: Bearer ${token}`],
      ],
      ['15,000 characters', () => [`Authorization: Bearer ${'a'.repeat(15_000)}`]],
      ['15,000 spaces', (token) => [`Authorization: Bearer${' '.repeat(15_000)}x ${token}`]],
    ])('%s is refused', async (_, headers) => {
      expectRefusal(await ask(service, ...headers(testToken('alice'))), INVALID_TOKEN);
    });

    it('a token may be as long as a head may be', async () => {
      await expectAccepted(service, longToken(15_000));
    });

    /** A valid token of exactly or, where base64url has no such length, one more than this length. */
    function longToken(length: number): string {
      for (let padding = Math.floor(length * 0.7); ; padding++) {
        const token = testToken('alice', { padding: 'x'.repeat(padding) });
        if (token.length >= length) return token;
      }
    }
  });
});

describe('with a required scope', () => {
  let service: TestService;
  const INSUFFICIENT = [403, 'insufficient_scope', 'Bearer error="insufficient_scope"'] as const;

  beforeAll(async () => {
    service = await startTestService({
      auth: { secret: createSecretKey(TEST_SECRET), requiredScope: 'payments' },
    });
  });
  afterAll(() => service.stop());

  it.each([
    { scope: 'payments' },
    { scope: 'openid payments profile' },
    { scp: 'openid payments' },
    { scp: ['payments'] },
  ])('accepts %j', async (scopes) => {
    await expectAccepted(service, testToken('alice', scopes));
  });

  it.each([
    {},
    { scope: '' },
    { scope: 'payments:read' },
    { scope: 'xpayments' },
    { scope: 'Payments' },
    { scp: ['payments x'] },
    { scope: { payments: true } },
  ])('answers %j with insufficient_scope', async (scopes) => {
    expectRefusal(await askWith(service, testToken('alice', scopes)), INSUFFICIENT);
  });

  it('answers insufficient_scope as a problem, too', async () => {
    const response = await service.request('GET', PATH, { headers: { accept: PROBLEM_FORM } });
    expectError(response, 403, 'insufficient_scope', PROBLEM_FORM);
  });

  it('checks the token before its scope, and the scope before the project', async () => {
    await expectRefused(service, testToken('alice', { scope: 'payments' }, { expiresIn: '-1h' }));
    expectRefusal(await service.request('GET', configPath('x')), INSUFFICIENT);
  });
});

describe('by the keys of an identity provider', () => {
  let provider: IdentityProvider;
  let keys: Record<(typeof ALGORITHMS)[number], SigningKey>;
  let rsa: SigningKey;

  beforeAll(async () => {
    const made = await Promise.all(ALGORITHMS.map(async (alg) => [alg, await makeSigningKey(alg)] as const));
    keys = Object.fromEntries(made) as typeof keys;
    rsa = keys.RS256;
    provider = await startIdentityProvider(...Object.values(keys));
  });
  afterAll(() => provider.stop());

  const auth = () => ({ issuer: provider.issuer, audience: AUDIENCE });

  /** A service and a provider of their own, and a clock to move on. */
  async function withProvider(
    use: (
      service: TestService,
      provider: IdentityProvider,
      moveOn: (milliseconds: number) => void,
    ) => Promise<void>,
    prepare: (provider: IdentityProvider) => void = () => undefined,
  ): Promise<void> {
    const own = await startIdentityProvider(rsa);
    prepare(own);
    const realNow = performance.now.bind(performance);
    let ahead = 0;
    performance.now = () => realNow() + ahead;
    try {
      await withService({ auth: { issuer: own.issuer, audience: AUDIENCE } }, (service) =>
        use(service, own, (milliseconds) => {
          ahead += milliseconds;
        }),
      );
    } finally {
      performance.now = realNow;
      await own.stop();
    }
  }

  describe.each([
    ['found through its metadata', () => auth()],
    ['at a given address', () => ({ ...auth(), jwksUri: provider.jwksUri })],
  ])('%s', (name, options) => {
    let service: TestService;

    beforeAll(async () => {
      provider.requests.length = 0;
      service = await startTestService({ auth: options() });
    });
    afterAll(() => service.stop());

    it.each(ALGORITHMS)('accepts %s', async (alg) => {
      await expectAccepted(service, await provider.sign(keys[alg]));
    });

    it('asks the provider once for all of them', async () => {
      await Promise.all(
        Object.values(keys).map(async (key) => expectAccepted(service, await provider.sign(key))),
      );
      const discovery = name === 'at a given address' ? [] : ['/.well-known/openid-configuration'];
      expect(provider.requests).toEqual([...discovery, '/keys']);
    });
  });

  describe('verifies', () => {
    let service: TestService;

    beforeAll(async () => {
      service = await startTestService({ auth: auth() });
    });
    afterAll(() => service.stop());

    const privateKeyOf = async (key: SigningKey) =>
      createPrivateKey({ key: (await exportJWK(key.privateKey)) as JsonWebKey, format: 'jwk' });
    const publicKeyOf = (key: SigningKey) =>
      createPublicKey({ key: key.publicJwk as JsonWebKey, format: 'jwk' });

    /** A forged token under the key's header, with a signer of the attacker's choice. */
    const forged = (header: object, signer: (input: string) => string) =>
      forge({ alg: 'RS256', kid: rsa.kid, ...header }, provider.claims(), signer);

    it.each<[string, () => JWTPayload, Record<string, unknown>?]>([
      ['a list of audiences', () => ({ aud: ['https://other.test', AUDIENCE] })],
      ['an access token by RFC 9068', () => ({}), { typ: 'at+jwt' }],
      ['one that expired within the leeway', () => ({ exp: seconds() - 30 })],
      ['a subject that is no UUID', () => ({ sub: 'auth0|123' })],
    ])('and accepts %s', async (...[, changes, header]) => {
      await expectAccepted(service, await provider.sign(rsa, provider.claims(changes()), header));
    });

    it.each<[string, () => Record<string, unknown>, Record<string, unknown>?]>([
      ['another issuer', () => ({ iss: 'https://other.test' })],
      ['the issuer with a slash more', () => ({ iss: `${provider.issuer}/` })],
      ['a list of issuers', () => ({ iss: [provider.issuer] })],
      ['no issuer', () => ({ iss: undefined })],
      ['another audience', () => ({ aud: 'https://other.test' })],
      ['a part of the audience', () => ({ aud: AUDIENCE.slice(0, -1) })],
      ['a list of other audiences', () => ({ aud: ['https://other.test', `${AUDIENCE}/`] })],
      ['an empty list of audiences', () => ({ aud: [] })],
      ['no audience', () => ({ aud: undefined })],
      ['an expired token', () => ({ exp: seconds() - 90 })],
      ['a token that has not begun', () => ({ nbf: seconds() + 90 })],
      ['no exp', () => ({ exp: undefined })],
      ['an ID token', () => ({ token_use: 'id' })],
      ['a refresh token', () => ({ typ: 'Refresh' })],
      ['an unknown key id', () => ({}), { kid: 'unknown' }],
      ['the key id of another key', () => ({}), { kid: 'PS256-key' }],
      ['a key id that is no text', () => ({}), { kid: 1 }],
    ])('and refuses %s', async (...[, changes, header]) => {
      await expectRefused(service, await provider.sign(rsa, provider.claims(changes()), header));
    });

    it('and refuses a token whose claims or signature were changed', async () => {
      const token = await provider.sign(rsa);
      await expectRefused(service, tamper(token, { sub: 'bob' }));
      await expectRefused(service, token.replace(/\.[^.]*$/, '.'));
      const other = await provider.sign(rsa, provider.claims({ sub: 'bob' }));
      await expectRefused(service, token.replace(/[^.]*$/, other.split('.')[2] ?? ''));
    });

    it.each(['none', 'None', ''])('and refuses alg "%s"', async (alg) => {
      await expectRefused(
        service,
        forged({ alg }, () => ''),
      );
    });

    it('and refuses HMAC under the text of a public key', async () => {
      const publicKey = publicKeyOf(rsa);
      const texts = [
        publicKey.export({ type: 'spki', format: 'pem' }),
        publicKey.export({ type: 'pkcs1', format: 'pem' }),
        publicKey.export({ type: 'spki', format: 'der' }),
        JSON.stringify(rsa.publicJwk),
      ];
      for (const text of texts) {
        for (const kid of [rsa.kid, undefined]) {
          await expectRefused(service, forged({ alg: 'HS256', kid }, hmac(text)));
        }
      }
    });

    it('and refuses the shared secret of another service', async () => {
      await expectRefused(service, forged({ alg: 'HS256' }, hmac(TEST_SECRET)));
    });

    it('and refuses an all-zero ECDSA signature', async () => {
      const zeros = Buffer.alloc(64).toString('base64url');
      await expectRefused(
        service,
        forged({ alg: 'ES256', kid: keys.ES256.kid }, () => zeros),
      );
    });

    it('and refuses an Ed25519 signature of another key, of other claims, and of none', async () => {
      const token = await provider.sign(keys.EdDSA);
      await expectAccepted(service, token);
      await expectRefused(service, tamper(token, { sub: 'bob' }));
      await expectRefused(service, await provider.sign(await makeSigningKey('EdDSA', keys.EdDSA.kid)));
      for (const signature of ['', Buffer.alloc(64).toString('base64url')]) {
        await expectRefused(
          service,
          forge({ alg: 'EdDSA', kid: keys.EdDSA.kid }, provider.claims(), () => signature),
        );
      }
    });

    it('and refuses an algorithm that is not the key’s', async () => {
      const key = await privateKeyOf(rsa);
      const rs512 = (input: string) => sign('sha512', Buffer.from(input), key).toString('base64url');
      await expectRefused(service, forged({ alg: 'RS512' }, rs512));
      await expectRefused(service, forged({ alg: 'ES256' }, rs512));
    });

    it('and ignores keys and addresses of keys that a token brings along', async () => {
      const attacker = await makeSigningKey('RS256', 'attacker');
      const trap = await startIdentityProvider(attacker);
      try {
        const embedded = { jwk: attacker.publicJwk, jku: trap.jwksUri, x5u: trap.jwksUri, x5c: ['AAAA'] };
        for (const kid of [rsa.kid, attacker.kid, undefined]) {
          await expectRefused(
            service,
            await provider.sign(attacker, provider.claims(), { ...embedded, kid }),
          );
        }
        await expectAccepted(service, await provider.sign(rsa, provider.claims(), embedded));
        expect(trap.requests).toEqual([]);
      } finally {
        await trap.stop();
      }
    });

    it('and takes a token without a key id only where one key alone can be meant', async () => {
      await expectAccepted(service, await provider.sign(keys.ES384, provider.claims(), { kid: undefined }));
      await expectRefused(
        service,
        await provider.sign(await makeSigningKey('ES384'), provider.claims(), { kid: undefined }),
      );
    });
  });

  it('refuses a token without a key id where several keys may be meant', async () => {
    const second = await makeSigningKey('RS256', 'second');
    await withProvider(
      async (service, own) => {
        await expectAccepted(service, await own.sign(second));
        await expectRefused(service, await own.sign(second, own.claims(), { kid: undefined }));
      },
      (own) => own.keys.push(second.publicJwk),
    );
  });

  it.each<[string, (key: SigningKey) => object]>([
    ['for encryption', (key) => ({ ...key.publicJwk, use: 'enc' })],
    ['for another operation', (key) => ({ ...key.publicJwk, key_ops: ['encrypt'] })],
    ['symmetric', ({ kid }) => ({ kty: 'oct', k: TEST_SECRET.toString('base64url'), kid })],
  ])('refuses a key that is %s', async (_, keyFor) => {
    await withProvider(
      async (service, own) => {
        await expectRefused(service, await own.sign(rsa));
        await expectRefused(service, forge({ alg: 'HS256', kid: rsa.kid }, own.claims(), hmac(TEST_SECRET)));
      },
      (own) => {
        own.keys = [keyFor(rsa)];
      },
    );
  });

  it('takes over new keys of the provider, and drops those that are gone', async () => {
    const next = await makeSigningKey('ES256', 'next');
    await withProvider(async (service, own, moveOn) => {
      await expectAccepted(service, await own.sign(rsa));
      own.keys = [next.publicJwk];
      moveOn(31_000);
      await expectAccepted(service, await own.sign(next));
      await expectRefused(service, await own.sign(rsa));
    });
  });

  it('asks the provider once, however many unknown keys are named', async () => {
    await withProvider(async (service, own, moveOn) => {
      await expectAccepted(service, await own.sign(rsa));
      moveOn(31_000);
      own.requests.length = 0;
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) =>
          expectRefused(service, await own.sign(rsa, own.claims(), { kid: `unknown-${index}` })),
        ),
      );
      expect(own.requests.filter((path) => path === '/keys')).toHaveLength(1);
      await expectAccepted(service, await own.sign(rsa));
    });
  });

  it('ends the start when its metadata names another issuer, with both spellings', async () => {
    await expect(
      withProvider(
        () => Promise.resolve(),
        (own) => (own.metadata = { ...own.metadata, issuer: `${own.issuer}/` }),
      ),
    ).rejects.toThrow(/AUTH_ISSUER\) is "(http:[^"]+)", but .* have "\1\/"/);
  });

  it('bounds the time that a token is valid, as the options say', async () => {
    const in25Hours = () => provider.sign(rsa, provider.claims({ exp: seconds() + 25 * 3600 }));
    await withService({ auth: auth() }, async (service) => {
      await expectRefused(service, await in25Hours());
    });
    await withService({ auth: { ...auth(), maxTokenHours: 48 } }, async (service) => {
      await expectAccepted(service, await in25Hours());
    });
  });

  it('accepts access tokens of Cognito by their client', async () => {
    const cognito = (client: unknown) =>
      provider.sign(rsa, {
        ...provider.claims({ token_use: 'access', client_id: client, scope: 'payments/write' }),
        ...NO_AUDIENCE,
      });
    await withService(
      {
        auth: {
          ...auth(),
          audience: ['client-1', 'client-2'],
          audienceClaim: 'client_id',
          requiredScope: 'payments/write',
        },
      },
      async (service) => {
        await expectAccepted(service, await cognito('client-2'));
        for (const client of ['client-3', undefined, ['client-1']]) {
          await expectRefused(service, await cognito(client));
        }
        await expectRefused(service, await provider.sign(rsa, provider.claims({ token_use: 'access' })));
      },
    );
  });

  it('accepts one of several audiences', async () => {
    await withService(
      { auth: { ...auth(), audience: ['https://first.test', AUDIENCE] } },
      async (service) => {
        await expectAccepted(service, await provider.sign(rsa));
        await expectRefused(
          service,
          await provider.sign(rsa, provider.claims({ aud: 'https://second.test' })),
        );
      },
    );
  });

  it('logs which check a token failed, who was refused, and the causes, and nothing of the request', async () => {
    let log = '';
    await withService(
      { auth: auth(), logLevel: 'info', logDestination: { write: (line) => void (log += line) } },
      async (service) => {
        const refused = [
          [await provider.sign(rsa, provider.claims({ exp: seconds() - 90 })), 'expired'],
          [await provider.sign(rsa, provider.claims({ nbf: seconds() + 90 })), 'not_yet_valid'],
          [await provider.sign(rsa, provider.claims({ iss: 'https://other.test' })), 'issuer'],
          [await provider.sign(rsa, provider.claims({ aud: 'https://other.test' })), 'audience'],
          [await provider.sign(rsa, provider.claims({ exp: 1e308 })), 'lifetime'],
          [await provider.sign(rsa, provider.claims({ sub: '' })), 'subject'],
          [await provider.sign(rsa, provider.claims({ token_use: 'id' })), 'type'],
          [await provider.sign(rsa, provider.claims(), { kid: 'unknown' }), 'unknown_kid'],
          [tamper(await provider.sign(rsa), { sub: 'bob' }), 'signature'],
          [forge({ alg: 'none' }, provider.claims(), () => ''), 'algorithm'],
          ['x.y.z', 'malformed'],
        ] as const;
        for (const [token, reason] of refused) {
          log = '';
          await expectRefused(service, token);
          expect(JSON.parse(log)).toMatchObject({ status: 401, code: 'invalid_token', reason });
          expect(log).not.toContain(token);
        }
        log = '';
        const path = configPath('nonsense');
        const answer = await rawExchange(
          service.url,
          rawRequest([
            `GET ${path} HTTP/1.1`,
            'Connection: close',
            `Authorization: Bearer ${await provider.sign(rsa)}`,
          ]),
        );
        expect(answer[0]?.status).toBe(422);
        expect(JSON.parse(log)).toMatchObject({
          code: 'validation_failed',
          causes: ['path.project_id: invalid_uuid'],
          subject: 'alice',
          time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        });
        expect(log).not.toContain('nonsense');
        log = '';
        await service.request('GET', '/health/live', { subject: null });
        expect(log).toBe('');
      },
    );
  });

  describe('that is down', () => {
    async function expectUnavailable(service: TestService, token: string): Promise<void> {
      const response = await askWith(service, token);
      expectError(response, 503, 'dependency_unavailable');
      expect(response.headers.get('retry-after')).toBe('2');
      expect(response.headers.get('www-authenticate')).toBeNull();
    }

    it('is answered 503 with nothing cached, and recovered from without a restart', async () => {
      await withProvider(
        async (service, own, moveOn) => {
          const token = await own.sign(rsa);
          await expectUnavailable(service, token);
          // Within a second, from memory.
          await expectUnavailable(service, token);
          own.down = false;
          moveOn(1_001);
          await expectAccepted(service, token);
        },
        (own) => {
          own.down = true;
        },
      );
    });

    it('is not asked about a token that could never be accepted', async () => {
      await withProvider(
        async (service, own) => {
          const asked = [...own.requests];
          await expectRefused(service, 'x.y.z');
          await expectRefused(
            service,
            forge({ alg: 'HS256', kid: rsa.kid }, own.claims(), hmac(TEST_SECRET)),
          );
          await expectRefused(
            service,
            forge({ alg: 'none' }, own.claims(), () => ''),
          );
          expectRefusal(await ask(service), NOT_AUTHENTICATED);
          expect(own.requests).toEqual(asked);
        },
        (own) => {
          own.down = true;
        },
      );
    });

    it('is bridged for an hour by the keys that are known', async () => {
      await withProvider(async (service, own, moveOn) => {
        const lasting = () => own.sign(rsa);
        await expectAccepted(service, await lasting());
        own.down = true;
        moveOn(69 * 60_000);
        await expectAccepted(service, await lasting());
        await expectRefused(service, tamper(await lasting(), { sub: 'bob' }));
        moveOn(2 * 60_000);
        await expectUnavailable(service, await lasting());
        own.down = false;
        moveOn(31_000);
        await expectAccepted(service, await lasting());
      });
    });

    it('is not asked to verify with a key that is new', async () => {
      const next = await makeSigningKey('ES256', 'next');
      await withProvider(async (service, own, moveOn) => {
        await expectAccepted(service, await own.sign(rsa));
        own.down = true;
        moveOn(31_000);
        await expectUnavailable(service, await own.sign(next));
        await expectUnavailable(service, await own.sign(next));
        await expectAccepted(service, await own.sign(rsa));
      });
    });

    it.each<[string, (own: IdentityProvider) => void]>([
      ['names no key set', (own) => (own.metadata = { issuer: own.issuer })],
      ['has metadata that is null', (own) => (own.metadata = null as unknown as Record<string, unknown>)],
      [
        'names a key set that is not there',
        (own) => (own.metadata = { ...own.metadata, jwks_uri: `${own.issuer}/gone` }),
      ],
      ['has a key set that is none', (own) => (own.keys = 'none' as unknown as [])],
    ])('counts as down when it %s', async (_, prepare) => {
      await withProvider(async (service, own) => {
        await expectUnavailable(service, await own.sign(rsa));
      }, prepare);
    });
  });
});

/** Replaces claims and keeps the signature. */
function tamper(token: string, changes: object): string {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const changed = { ...(JSON.parse(Buffer.from(claims, 'base64url').toString()) as object), ...changes };
  return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
}
