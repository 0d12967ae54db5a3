import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { boundedFetch, UnusableAnswer } from './bounded-fetch.js';

const LIMIT = 1024 * 1024;

let server: Server;
let url: string;
let answer: (response: ServerResponse, request: IncomingMessage) => void;
let paths: (string | undefined)[];

beforeEach(async () => {
  paths = [];
  server = createServer((request, response) => {
    paths.push(request.url);
    answer(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/balance`;
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const ask = (signal = new AbortController().signal, init?: RequestInit) => boundedFetch(signal)(url, init);

function answerWith(status: number, body: string | Buffer, headers: Record<string, string> = {}): void {
  answer = (response) => response.writeHead(status, headers).end(body);
}

/** A JSON object of so many bytes. */
function objectOf(bytes: number): string {
  return `{"x":"${'x'.repeat(bytes - '{"x":""}'.length)}"}`;
}

async function troubleWith(call: Promise<Response>): Promise<string> {
  const outcome = await call.then(
    () => 'none',
    (error: unknown) => error,
  );
  if (outcome instanceof UnusableAnswer) return outcome.trouble;
  throw new Error('not an unusable answer', { cause: outcome });
}

describe('an answer of Stripe’s', () => {
  it.each([
    [200, '{"object": "balance"}'],
    [200, '{}'],
    [400, '{"error": {"message": "no"}}'],
    [401, '{"error": {}}'],
    [500, '{"error": {"message": "no"}, "more": true}'],
  ])('passes with its status and nothing but its body: %i', async (status, body) => {
    answerWith(status, body, {
      'Stripe-Notice': 'x',
      'Request-Id': 'req_1',
      'Content-Type': 'application/json',
    });
    const response = await ask();
    expect([response.status, await response.text()]).toEqual([status, body]);
    expect(response.headers.get('stripe-notice')).toBeNull();
    expect(response.headers.get('request-id')).toBeNull();
  });

  it('is asked for as the SDK wants it', async () => {
    const seen: unknown[] = [];
    answer = (response, { method, headers }) => {
      seen.push(method, headers.authorization);
      response.end('{}');
    };
    await ask(undefined, { method: 'DELETE', headers: { Authorization: 'Bearer x' } });
    expect(seen).toEqual(['DELETE', 'Bearer x']);
  });
});

describe('another answer is not passed on', () => {
  it.each([
    [200, '<p>hello</p>'],
    [200, ''],
    [200, 'null'],
    [200, 'true'],
    [200, '1'],
    [200, '"text"'],
    [200, '{"object": "balance"'],
    [401, '{}'],
    [401, '<p>hello</p>'],
    [401, ''],
    [403, '{"error": "no"}'],
    [403, '{"error": null}'],
    [403, '{"error": true}'],
    [500, '{"message": "no"}'],
    [503, '[{"error": {}}]'],
  ])('%i with %s', async (status, body) => {
    answerWith(status, body, { 'Content-Type': 'application/json' });
    expect(await troubleWith(ask())).toBe('no answer of Stripe’s');
  });

  it.each([301, 302, 303, 307, 308])('a redirect by %i, which is not followed', async (status) => {
    answer = (response, request) => {
      if (request.url === '/v1/balance') response.writeHead(status, { Location: '/elsewhere' }).end();
      else response.end('{}');
    };
    await expect(ask()).rejects.toThrow();
    expect(paths).toEqual(['/v1/balance']);
  });
});

describe('no more is read than a mebibyte', () => {
  it.each([200, 401])('which passes whole with %i', async (status) => {
    const body = status === 200 ? objectOf(LIMIT) : `{"error":${objectOf(LIMIT - '{"error":}'.length)}}`;
    answerWith(status, body);
    expect(await (await ask()).text()).toBe(body);
  });

  it('and one byte more is too large', async () => {
    answerWith(200, objectOf(LIMIT + 1));
    expect(await troubleWith(ask())).toBe('too large');
  });

  it('after decompression', async () => {
    const bomb = gzipSync(objectOf(64 * LIMIT));
    expect(bomb.length).toBeLessThan(LIMIT);
    answerWith(200, bomb, { 'Content-Encoding': 'gzip' });
    expect(await troubleWith(ask())).toBe('too large');
  });

  it('and then the connection ends', async () => {
    let closed: Promise<unknown> | undefined;
    answer = (response) => {
      closed = once(response, 'close');
      const pour = () => {
        while (response.write(' '.repeat(64 * 1024)));
      };
      response.on('drain', pour);
      pour();
    };
    expect(await troubleWith(ask())).toBe('too large');
    await closed;
  });
});

describe('a signal ends it', () => {
  const HANG = () => undefined;
  const DRIP = (response: ServerResponse) => response.write('{"object":');

  it.each([
    ['before an answer', HANG],
    ['within an answer', DRIP],
  ])('%s: the deadline', async (_, behaviour) => {
    const deadline = new AbortController();
    let closed: Promise<unknown> | undefined;
    answer = (response) => {
      closed = once(response, 'close');
      behaviour(response);
      deadline.abort();
    };
    await expect(ask(deadline.signal)).rejects.toThrow('aborted');
    await closed;
  });

  it.each([
    ['before an answer', HANG],
    ['within an answer', DRIP],
  ])('%s: the SDK’s own', async (_, behaviour) => {
    const own = new AbortController();
    answer = (response) => {
      behaviour(response);
      own.abort();
    };
    await expect(ask(undefined, { signal: own.signal })).rejects.toThrow('aborted');
  });

  it('before it began: nothing is asked', async () => {
    await expect(ask(AbortSignal.abort())).rejects.toThrow('aborted');
    expect(paths).toEqual([]);
  });
});
