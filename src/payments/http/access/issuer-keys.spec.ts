import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { DependencyUnavailable } from '../../domain/errors.js';
import { TokenRefused } from './access-token.js';
import { describeError } from '../../common/describe-error.js';
import { IssuerKeys, fetchIssuerMetadata } from './issuer-keys.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const METADATA = '/.well-known/openid-configuration';
const JWKS = '/keys';
const INVALID_TOKEN = new TokenRefused('unknown_kid');

let rsa: JWK;
let ec: JWK;
let later: JWK;

let server: Server;
let issuer: string;
/** What the provider answers at each path. */
let answers: Map<string, RequestListener>;
/** The paths that were asked for. */
let requests: string[];
let now: number;
let keys: IssuerKeys;

beforeAll(async () => {
  [rsa, ec, later] = await Promise.all([jwk('RS256', 'rsa'), jwk('ES256', 'ec'), jwk('ES256', 'later')]);
});

beforeEach(async () => {
  requests = [];
  server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    (answers.get(path) ?? status(404))(request, response);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers = new Map([
    [METADATA, json({ issuer, jwks_uri: issuer + JWKS })],
    [JWKS, json({ keys: [rsa, ec] })],
  ]);
  now = 1_000_000;
  keys = new IssuerKeys(issuer, undefined, () => now);
});

afterEach(stopProvider);

async function stopProvider(): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function jwk(alg: string, kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
}

function json(body: unknown, statusCode = 200): RequestListener {
  return (_request, response) => {
    response.writeHead(statusCode, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
}

function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => {
    response.writeHead(code, headers).end();
  };
}

const hangUp: RequestListener = (request) => {
  request.socket.destroy();
};

function keySetFetches(): number {
  return requests.filter((path) => path === JWKS).length;
}

const findRsa = () => keys.find({ alg: 'RS256', kid: 'rsa' });
const findLater = () => keys.find({ alg: 'ES256', kid: 'later' });
const findUnknown = (kid: number) => keys.find({ alg: 'RS256', kid: `unknown-${kid}` });

function publicPart({ kty, n, e, crv, x, y }: JWK): object {
  return JSON.parse(JSON.stringify({ kty, n, e, crv, x, y })) as object;
}

/** Lets fetches in the background arrive that have begun: two round trips of its own take longer than one. */
async function settle(): Promise<void> {
  for (const path of ['/settled-1', '/settled-2']) await fetch(issuer + path);
  requests = requests.filter((path) => !path.startsWith('/settled'));
}

/** Waits until something that runs in the background has happened. */
async function eventually(happened: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await happened())) {
    if (Date.now() > deadline) throw new Error('it has not happened in ten seconds');
    await delay(5);
  }
}

describe('the keys of an identity provider', () => {
  it('are found by the id and the algorithm that a token names', async () => {
    for (const expected of [rsa, ec]) {
      const key = await keys.find({ alg: expected.alg ?? '', kid: expected.kid ?? '' });
      expect(key.type).toBe('public');
      expect(publicPart(await exportJWK(key))).toEqual(publicPart(expected));
    }
  });

  it('are fetched once for many tokens, with the metadata', async () => {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        keys.find({ alg: index % 2 ? 'RS256' : 'ES256', kid: index % 2 ? 'rsa' : 'ec' }),
      ),
    );
    now += 10 * MINUTE;
    await findRsa();
    await settle();
    expect(requests).toEqual([METADATA, JWKS]);
  });

  it('are fetched without the metadata from an address that is configured', async () => {
    keys = new IssuerKeys('https://issuer.invalid', issuer + JWKS, () => now);
    await findRsa();
    expect(requests).toEqual([JWKS]);
  });

  it('of an issuer with a slash at its end are found through metadata that name it so', async () => {
    answers.set(METADATA, json({ issuer: `${issuer}/`, jwks_uri: issuer + JWKS }));
    keys = new IssuerKeys(`${issuer}/`, undefined, () => now);
    await expect(findRsa()).resolves.toBeDefined();
  });

  it.each<[string, () => JWK[], object]>([
    ['the key is of another algorithm', () => [rsa], { alg: 'ES256', kid: 'rsa' }],
    ['the key is bound to another variant', () => [rsa], { alg: 'PS256', kid: 'rsa' }],
    ['the key is for encryption', () => [{ ...rsa, use: 'enc' }], { alg: 'RS256', kid: 'rsa' }],
    ['two keys fit and none is named', () => [ec, later], { alg: 'ES256' }],
    ['the key is symmetric', () => [{ kty: 'oct', kid: 'oct', k: 'AAAA' }], { alg: 'HS256', kid: 'oct' }],
    ['there is no algorithm', () => [rsa], { alg: 'none' }],
    ['the set is empty', () => [], { alg: 'RS256', kid: 'rsa' }],
  ])('refuse a token when %s', async (_name, offered, header) => {
    answers.set(JWKS, json({ keys: offered() }));
    await expect(keys.find(header as { alg: string })).rejects.toEqual(INVALID_TOKEN);
  });
});

describe('tokens that name unknown keys', () => {
  it('are refused and cost one fetch in 30 seconds, and good tokens none', async () => {
    await findRsa();
    for (let kid = 0; kid < 20; kid++) await expect(findUnknown(kid)).rejects.toEqual(INVALID_TOKEN);
    expect(keySetFetches()).toBe(1);

    for (const fetches of [2, 3]) {
      now += 30 * SECOND;
      const refused = await Promise.allSettled(Array.from({ length: 20 }, (_, kid) => findUnknown(kid)));
      expect(refused).toEqual(Array(20).fill({ status: 'rejected', reason: INVALID_TOKEN }));
      now += 29 * SECOND;
      await expect(findUnknown(99)).rejects.toEqual(INVALID_TOKEN);
      now -= 29 * SECOND;
      await expect(findRsa()).resolves.toBeDefined();
      expect(keySetFetches()).toBe(fetches);
    }
  });

  it('are accepted within 30 seconds of the provider publishing the key', async () => {
    await findRsa();
    answers.set(JWKS, json({ keys: [rsa, later] }));
    now += 29 * SECOND;
    await expect(findLater()).rejects.toEqual(INVALID_TOKEN);
    now += SECOND;
    await expect(findLater()).resolves.toBeDefined();
    expect(keySetFetches()).toBe(2);
  });

  it('are not checked while the provider is down, and good tokens still pass', async () => {
    await findRsa();
    answers.set(JWKS, hangUp);
    now += 30 * SECOND;
    await expect(findUnknown(1)).rejects.toBeInstanceOf(DependencyUnavailable);
    // From memory, within the time in which the provider is not asked again.
    await expect(findUnknown(2)).rejects.toBeInstanceOf(DependencyUnavailable);
    await expect(findRsa()).resolves.toBeDefined();
    expect(keySetFetches()).toBe(2);
    answers.set(JWKS, json({ keys: [rsa, later] }));
    now += 30 * SECOND;
    await expect(findLater()).resolves.toBeDefined();
    await expect(findUnknown(3)).rejects.toEqual(INVALID_TOKEN);
  });
});

describe('a key set older than ten minutes', () => {
  it('serves at once while a new one is on its way, and then no longer', async () => {
    await findRsa();
    let release = (): void => undefined;
    answers.set(JWKS, (request, response) => {
      release = () => {
        json({ keys: [later] })(request, response);
      };
    });
    now += 10 * MINUTE + 1;
    await expect(findRsa()).resolves.toBeDefined();
    await eventually(() => keySetFetches() === 2);
    await expect(findRsa()).resolves.toBeDefined();
    release();
    await expect(findLater()).resolves.toBeDefined();
    await expect(findRsa()).rejects.toEqual(INVALID_TOKEN);
    expect(keySetFetches()).toBe(2);
  });

  it('serves for an hour while the provider is down, asking it once in 30 seconds, and then no longer', async () => {
    await findRsa();
    const start = now;
    answers.set(JWKS, status(503));
    now += 10 * MINUTE + 1;
    for (const fetches of [2, 3, 4]) {
      await eventually(async () => {
        // The fetch is in the background, and the next one waits for its end.
        await findRsa();
        return keySetFetches() >= fetches;
      });
      now += 29 * SECOND;
      for (let token = 0; token < 5; token++) await expect(findRsa()).resolves.toBeDefined();
      await settle();
      expect(keySetFetches()).toBe(fetches);
      now += SECOND;
    }
    now = start + 70 * MINUTE;
    await expect(findRsa()).resolves.toBeDefined();
    now += 1;
    await expect(findRsa()).rejects.toBeInstanceOf(DependencyUnavailable);
    now += SECOND;
    await expect(findRsa()).rejects.toBeInstanceOf(DependencyUnavailable);

    answers.set(JWKS, json({ keys: [rsa] }));
    now += SECOND;
    await expect(findRsa()).resolves.toBeDefined();
  });
});

describe('without any key set', () => {
  const elsewhere = '/elsewhere';

  it.each<[string, () => Iterable<[string, RequestListener]>]>([
    [
      'answers its metadata with an error',
      () => [[METADATA, json({ issuer, jwks_uri: issuer + JWKS }, 500)]],
    ],
    ['answers its key set with an error', () => [[JWKS, json({ keys: [rsa] }, 404)]]],
    ['hangs up', () => [[METADATA, hangUp]]],
    ['never answers', () => [[JWKS, () => undefined]]],
    [
      'redirects its metadata',
      () => [
        [METADATA, status(302, { Location: elsewhere })],
        [elsewhere, json({ issuer, jwks_uri: issuer + JWKS })],
      ],
    ],
    [
      'redirects its key set',
      () => [
        [JWKS, status(307, { Location: elsewhere })],
        [elsewhere, json({ keys: [rsa] })],
      ],
    ],
    ['answers more than 1 MiB', () => [[JWKS, json({ keys: [rsa], padding: 'x'.repeat(1 << 20) })]]],
    ['answers what is not JSON', () => [[JWKS, (_request, response) => response.end('<html>')]]],
    ['answers nothing', () => [[JWKS, status(200)]]],
    [
      'names another issuer in its metadata',
      () => [[METADATA, json({ issuer: `${issuer}/other`, jwks_uri: issuer + JWKS })]],
    ],
    [
      'differs in the slash at its end',
      () => [[METADATA, json({ issuer: `${issuer}/`, jwks_uri: issuer + JWKS })]],
    ],
    ['names no issuer in its metadata', () => [[METADATA, json({ jwks_uri: issuer + JWKS })]]],
    ['names no key set', () => [[METADATA, json({ issuer })]]],
    ['names a key set that is no address', () => [[METADATA, json({ issuer, jwks_uri: 'keys' })]]],
    ['answers null as metadata', () => [[METADATA, json(null)]]],
    ...[null, {}, [], 'keys', { keys: {} }, { keys: [null] }].map(
      (body): [string, () => [string, RequestListener][]] => [
        `answers ${JSON.stringify(body)} as key set`,
        () => [[JWKS, json(body)]],
      ],
    ),
  ])('reports an outage while the provider %s, and recovers', async (_name, wrong) => {
    const right = answers;
    answers = new Map([...right, ...wrong()]);
    await expect(findRsa()).rejects.toBeInstanceOf(DependencyUnavailable);
    await expect(findRsa()).rejects.toBeInstanceOf(DependencyUnavailable);

    answers = right;
    now += SECOND;
    await expect(findRsa()).resolves.toBeDefined();
  });

  it('asks a provider that is down once in a second, and asks once for many tokens', async () => {
    answers.set(METADATA, status(503));
    for (const attempts of [1, 2, 3]) {
      const refused = await Promise.allSettled(Array.from({ length: 20 }, findRsa));
      expect(
        refused.every((each) => each.status === 'rejected' && each.reason instanceof DependencyUnavailable),
      ).toBe(true);
      await expect(findRsa()).rejects.toBeInstanceOf(DependencyUnavailable);
      expect(requests).toHaveLength(attempts);
      now += SECOND;
    }
  });

  it('reports an outage when nothing listens', async () => {
    await stopProvider();
    await expect(findRsa()).rejects.toBeInstanceOf(DependencyUnavailable);
  });
});

it('leaves out what is broken in a key set, and keeps the rest', async () => {
  answers.set(JWKS, json({ keys: [null, 'key', { ...ec, x: 'AA' }, { kty: 'RSA', kid: 'rsa' }, rsa] }));
  await expect(findRsa()).resolves.toBeDefined();
  await expect(keys.find({ alg: 'ES256', kid: 'ec' })).rejects.toEqual(INVALID_TOKEN);
});

it('leaves out an RSA key that is too short, or that cannot be imported', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const short = { ...publicKey.export({ format: 'jwk' }), kid: 'short' };
  const unusable = { ...rsa, kid: 'unusable', ext: 'yes' };
  answers.set(JWKS, json({ keys: [short, unusable, rsa] }));
  await expect(findRsa()).resolves.toBeDefined();
  for (const kid of ['short', 'unusable']) {
    await expect(keys.find({ alg: 'RS256', kid })).rejects.toEqual(INVALID_TOKEN);
  }
});

it.each<[string, RequestListener, RegExp]>([
  ['is not there', status(404), /key set was answered with status 404; check the jwksUri/],
  ['is a page', (_request, response) => response.end('<html>'), /key set is not JSON/],
  ['redirects', status(302, { Location: '/elsewhere' }), /key set redirects/],
  ['is too long', json({ keys: [], padding: 'x'.repeat(1 << 20) }), /longer than 1 MiB/],
  ['is none', json({ keys: {} }), /no list "keys"/],
  ['breaks off', hangUp, /key set could not be fetched/],
])('says for the log that the key set %s', async (_, answer, explanation) => {
  answers.set(JWKS, answer);
  const error: unknown = await findRsa().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(describeError((error as Error).cause).explanation).toMatch(explanation);
});

it('says for the log why nothing can be fetched', async () => {
  await stopProvider();
  const error: unknown = await findRsa().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const { causes } = describeError((error as Error).cause);
  expect(causes).toContainEqual(expect.objectContaining({ errorCode: 'ECONNREFUSED' }));
});

it('says so, too, while the provider is not asked again, and says the new cause once it was', async () => {
  const explanation = async () => {
    const error: unknown = await findRsa().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return describeError((error as Error).cause).explanation;
  };
  for (const [fetches, code] of [404, 503].entries()) {
    answers.set(JWKS, status(code));
    for (const wait of [0, SECOND - 1]) {
      now += wait;
      expect(await explanation()).toContain(`key set was answered with status ${code};`);
    }
    expect(keySetFetches()).toBe(fetches + 1);
    now += 1;
  }
});

it('reads the metadata with all its addresses', async () => {
  const metadata = {
    issuer,
    jwks_uri: issuer + JWKS,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
  };
  answers.set(METADATA, json(metadata));
  await expect(fetchIssuerMetadata(issuer)).resolves.toEqual(metadata);
});
