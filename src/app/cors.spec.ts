import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createHttpServer } from './http-server.js';

const PAGE = 'https://admin.example';
const OTHERS = [
  'https://admin.example.evil.test',
  'https://evil-admin.example',
  'http://admin.example',
  'null',
  '*',
];
const PREFLIGHT = {
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'authorization,content-type,if-match',
};

let server: Server;
let asked: string[];

async function serve(origins: readonly string[] | undefined): Promise<void> {
  server = createHttpServer(
    (incoming, response) => {
      asked.push(incoming.method ?? '');
      response.writeHead(200, { ETag: '"1"' }).end('{}');
    },
    { requestIdOf: () => randomUUID(), logger: pino({ level: 'silent' }), origins },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
}

/** Not by fetch, which keeps `Origin` for itself. */
async function send(method: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, host: '127.0.0.1', method, path: '/api/v1/projects', headers });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

const corsHeadersOf = ({ headers }: IncomingMessage) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control'));

beforeEach(() => {
  asked = [];
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

it('nothing is allowed where no origin is named', async () => {
  await serve(undefined);
  const preflight = await send('OPTIONS', { origin: PAGE, ...PREFLIGHT });
  expect(asked).toEqual(['OPTIONS']);
  expect(corsHeadersOf(preflight)).toEqual([]);
  expect(preflight.headers).not.toHaveProperty('vary');
});

describe('where an origin is named', () => {
  beforeEach(() => serve([PAGE]));

  it('its preflight is answered without asking the service', async () => {
    const { statusCode, headers } = await send('OPTIONS', { origin: PAGE, ...PREFLIGHT });
    expect(statusCode).toBe(204);
    expect(headers).toMatchObject({
      'access-control-allow-origin': PAGE,
      'access-control-allow-methods': 'GET,HEAD,PUT,POST,DELETE',
      'access-control-allow-headers': 'Authorization,Content-Type,If-Match,If-None-Match',
      'access-control-max-age': '600',
      'x-content-type-options': 'nosniff',
      'x-request-id': expect.any(String) as unknown,
    });
    // No cookie of a visitor has any meaning here.
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
    expect(asked).toEqual([]);
  });

  it('its pages may read answers and refusals, with the headers that they need', async () => {
    for (const [method, status] of [
      ['PUT', 200],
      ['LOCK', 501],
    ] as const) {
      const answer = await send(method, { origin: PAGE });
      expect(answer.statusCode).toBe(status);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-expose-headers': 'ETag,Link,Retry-After,WWW-Authenticate,X-Request-Id',
        vary: expect.stringContaining('Origin') as unknown,
      });
    }
  });

  it.each(OTHERS)('%s is not allowed anything', async (origin) => {
    for (const answer of [await send('OPTIONS', { origin, ...PREFLIGHT }), await send('GET', { origin })]) {
      expect(corsHeadersOf(answer)).toEqual([]);
      expect(answer.headers.vary).toBe('Origin');
    }
    expect(asked).toEqual(['OPTIONS', 'GET']);
  });

  it('OPTIONS that is no preflight, and requests without an origin, are the service’s', async () => {
    await send('OPTIONS', { origin: PAGE });
    expect(corsHeadersOf(await send('GET', {}))).toEqual([]);
    expect(asked).toEqual(['OPTIONS', 'GET']);
  });
});
