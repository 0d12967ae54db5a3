import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { jest } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { pino } from 'pino';
import { TestTelemetry } from '../../test/support/telemetry.js';
import { createHttpServer } from './http-server.js';

const AT_ONCE = 4;
const HOOK = '/api/v1/payments/stripe/webhooks/4f0c/test';

let log = '';
const context = {
  requestIdOf: () => randomUUID(),
  logger: pino({ level: 'info' }, { write: (line: string) => void (log += line) }),
  requestsAtOnce: AT_ONCE,
};
/** Requests that the service works on. */
const held: ServerResponse[] = [];
const server = createHttpServer((_request, response) => {
  held.push(response);
}, context);
let url: string;
let arrived = 0;

beforeAll(async () => {
  server.on('request', () => (arrived += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(5);
}

/** Sends requests until so many are worked on. */
async function hold(count: number, path: string, method = 'GET'): Promise<Promise<Response>[]> {
  const before = held.length;
  const answers = Array.from({ length: count }, () => fetch(url + path, { method }));
  await until(() => held.length === before + count);
  return answers;
}

async function end(answers: Promise<Response>[]): Promise<number[]> {
  for (const response of held.splice(0)) response.end();
  return (await Promise.all(answers)).map(({ status }) => status);
}

// Before any other, since refusals are remembered. Time stands still, so that nothing waits too long on a slow machine.
it('what waits gets the places that become free, webhooks first', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate', 'clearImmediate', 'Date'] });
  try {
    const answers = await hold(AT_ONCE, '/api/v1/projects');
    const hooks = await hold(2, HOOK, 'POST');
    const before = arrived;
    const waiting = [fetch(`${url}/api/v1/projects/1`), fetch(url + HOOK, { method: 'POST' })];
    await until(() => arrived === before + waiting.length);
    held.shift()?.end();
    await until(() => held.length === AT_ONCE + 2);
    expect(held.at(-1)?.req.url).toBe(HOOK);
    for (const response of held.splice(0)) response.end();
    await until(() => held.length === 1);
    expect(held[0]?.req.url).toBe('/api/v1/projects/1');
    expect(await end([...answers, ...hooks, ...waiting])).toEqual(Array(AT_ONCE + 4).fill(200));
  } finally {
    jest.useRealTimers();
  }
});

it('one request too many is refused in the documented form when it has waited in vain, and probes are not', async () => {
  const answers = await hold(AT_ONCE, '/api/v1/projects');
  for (const method of ['GET', 'PUT']) {
    const refused = await fetch(`${url}/api/v1/projects`, {
      method,
      ...(method === 'PUT' && { body: 'x'.repeat(1_000_000) }),
    });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toMatch(/^[1-9]/);
    expect(refused.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await refused.json()).toMatchObject({ code: 'dependency_unavailable', status: 503 });
  }
  const [probe] = await hold(1, '/health/ready');
  expect(await end([...answers, ...(probe ? [probe] : [])])).toEqual([200, 200, 200, 200, 200]);
  const again = await hold(1, '/api/v1/projects');
  expect(await end(again)).toEqual([200]);
});

it('webhooks are refused last', async () => {
  const answers = await hold(AT_ONCE, '/api/v1/projects');
  const hooks = await hold(2, HOOK, 'POST');
  expect((await fetch(url + HOOK, { method: 'POST' })).status).toBe(503);
  // What only looks like one has the place of any request.
  expect((await fetch(url + HOOK)).status).toBe(503);
  expect((await fetch(`${url}/api/v1/projects?${HOOK}`, { method: 'POST' })).status).toBe(503);
  expect(await end([...answers, ...hooks])).toEqual([200, 200, 200, 200, 200, 200]);
});

it('webhooks do not take all places from others', async () => {
  const hooks = await hold(AT_ONCE, HOOK, 'POST');
  expect((await fetch(url + HOOK, { method: 'POST' })).status).toBe(503);
  const answers = await hold(2, '/api/v1/projects');
  expect((await fetch(`${url}/api/v1/projects`)).status).toBe(503);
  expect(await end([...hooks, ...answers])).toEqual([200, 200, 200, 200, 200, 200]);
});

it('a connection that is closed gives its places back, also of requests behind the first', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(AT_ONCE));
  await until(() => held.length === AT_ONCE);
  const peers = new Set(held.splice(0).map(({ req }) => req.socket));
  expect(peers.size).toBe(1);
  socket.destroy();
  await until(() => [...peers].every(({ closed }) => closed));
  const answers = await hold(AT_ONCE, '/api/v1/projects');
  expect(await end(answers)).toEqual([200, 200, 200, 200]);
});

/** Sends requests whose body does not come, each over a connection of its own. */
async function startSlowly(count: number, path: string): Promise<Socket[]> {
  const before = held.length;
  const sockets = Array.from({ length: count }, () => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{`);
    return socket;
  });
  await until(() => held.length === before + count);
  return sockets;
}

/** Closes connections, and waits until the server has noticed. */
async function close(sockets: readonly Socket[], peers: readonly Socket[]): Promise<void> {
  for (const socket of sockets) socket.destroy();
  await until(() => peers.every(({ closed }) => closed));
}

it.each([HOOK, '/api/v1/projects'])('bodies that do not come take nobody’s place: %s', async (path) => {
  const sockets = await startSlowly(3 * AT_ONCE, path);
  const peers = held.splice(0).map(({ req }) => req.socket);
  const answers = await hold(AT_ONCE, '/api/v1/projects');
  expect((await fetch(`${url}/api/v1/projects`)).status).toBe(503);
  expect(await end([...answers, ...(await hold(1, HOOK, 'POST'))])).toEqual(Array(AT_ONCE + 1).fill(200));
  await close(sockets, peers);
});

it('of too many bodies that do not come the oldest is given up', async () => {
  const first = await startSlowly(1, HOOK);
  const others = await startSlowly(12 * AT_ONCE - 1, '/api/v1/projects');
  const peers = held.splice(0).map(({ req }) => req.socket);
  const [answer] = await hold(1, '/api/v1/projects');
  await until(() => first.every(({ closed }) => closed));
  expect(others.filter(({ closed }) => closed)).toEqual([]);
  expect(await end(answer ? [answer] : [])).toEqual([200]);
  await close(others, peers);
});

it('many requests of one connection add no listeners to it', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const listenersWith = async (count: number): Promise<number | undefined> => {
    socket.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => held.length === count);
    return held[0]?.req.socket.listenerCount('close');
  };
  const withOne = await listenersWith(1);
  expect(withOne).toBeGreaterThan(0);
  for (let count = 2; count <= AT_ONCE; count++) expect(await listenersWith(count)).toBe(withOne);
  await close(
    [socket],
    held.splice(0).map(({ req }) => req.socket),
  );
});

it('refusals are counted in one line of the log, and have none each', async () => {
  log = '';
  const answers = await hold(AT_ONCE, '/api/v1/projects');
  for (let each = 0; each < 10; each++) await (await fetch(`${url}/api/v1/projects`)).text();
  await end(answers);
  expect(log.split('\n').length).toBeLessThan(5);
});

it('refusals are measured, those of webhooks as webhooks, too', async () => {
  const telemetry = new TestTelemetry();
  try {
    const answers = await hold(AT_ONCE, '/api/v1/projects');
    const hooks = await hold(2, HOOK, 'POST');
    await (await fetch(`${url}/api/v1/projects`)).text();
    await (await fetch(url + HOOK, { method: 'POST' })).text();
    await end([...answers, ...hooks]);
    const requests = await telemetry.series('http.server.request.duration');
    expect(requests.map(({ attributes }) => attributes)).toEqual(
      ['GET', 'POST'].map((method) => ({
        'http.request.method': method,
        'http.response.status_code': 503,
        'url.scheme': 'http',
        'error.type': 'overload',
      })),
    );
    expect(await telemetry.series('stripe_config.webhooks.received')).toEqual([
      expect.objectContaining({ value: 1, attributes: { 'stripe_config.webhook.outcome': 'overload' } }),
    ]);
  } finally {
    await telemetry.stop();
  }
});
