import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import pg, { type Pool } from 'pg';
import { pino } from 'pino';
import { DataSource } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { jest } from '@jest/globals';
import { PAYMENTS_DATABASE } from '../src/payments/database/database.js';
import { FIND_WEBHOOK_SECRETS } from '../src/payments/stripe-config/stripe-config.statements.js';
import { WebhookSecretLookup } from '../src/payments/stripe-webhooks/webhook-secret-lookup.js';
import { createHttpServer } from '../src/app/http-server.js';
import { requestIds } from '../src/app/request-id.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import { ADAPTERS, startHost, type AdapterName, type Host } from './hosts/start-host.js';
import { answersIn, rawExchange, rawRequest } from './support/raw-http.js';
import {
  configPath,
  startTestService,
  testKeyRing,
  testToken,
  webhookPath,
  type TestClient,
  type TestService,
} from './support/service.js';
import { deliver } from './support/webhooks.js';

const MIB = 1024 * 1024;
/** What a client offers to send. */
const OFFERED_BYTES = 1024 * MIB;
/** What may be on its way where nobody reads: what is read of it so that the answer arrives, and the kernel's buffers. */
const MAX_TAKEN_BYTES = 64 * MIB;

const keyRing = testKeyRing();
let service: TestService;
let projectId: string;

beforeAll(async () => {
  service = await startTestService({ keyRing });
  projectId = await service.createProject();
});
afterAll(() => service.stop());

/** Sends a head, and then bytes until the connection is closed, or all that it has offered is taken. */
async function pour(url: string, head: string, chunk: Buffer) {
  const { hostname, port } = new URL(url);
  // It sends on though the server has said its last.
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  const received: Buffer[] = [];
  socket.on('data', (piece: Buffer) => received.push(piece));
  // A reset still leaves what came before it to be checked.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  let taken = 0;
  const send = (): void => {
    if (taken >= OFFERED_BYTES) socket.destroy();
    else {
      socket.write(chunk, (error) => {
        taken += chunk.length;
        if (!error && !socket.destroyed) send();
      });
    }
  };
  socket.write(head);
  send();
  await closed;
  return { taken, answers: answersIn(Buffer.concat(received)) };
}

const bearer = (subject: string) => `Authorization: Bearer ${testToken(subject)}`;
const JSON_TYPE = 'Content-Type: application/json';
const UNENDING: [string, string, Buffer][] = [
  ['of 4 GiB', `Content-Length: ${4096 * MIB}`, Buffer.alloc(MIB, 'x')],
  ['in chunks', 'Transfer-Encoding: chunked', Buffer.from(`100000\r\n${'x'.repeat(MIB)}\r\n`)],
];

describe.each(UNENDING)('a body %s', (_, header, chunk) => {
  const start = (method: string, path: string) => `${method} ${path} HTTP/1.1`;
  it.each<[number, string, () => string[]]>([
    [401, 'not_authenticated', () => [start('PUT', configPath(projectId))]],
    [403, 'not_project_owner', () => [start('PUT', configPath(projectId)), bearer('mallory')]],
    [404, 'project_not_found', () => [start('PUT', configPath(randomUUID())), bearer('alice')]],
    [404, 'not_found', () => [start('PUT', '/nothing')]],
    [404, 'webhook_not_found', () => [start('POST', webhookPath(randomUUID(), 'test')), signature()]],
    [405, 'method_not_allowed', () => [start('PATCH', configPath(projectId))]],
    [413, 'body_too_large', () => [start('PUT', configPath(projectId)), bearer('alice'), JSON_TYPE]],
    [415, 'unsupported_media_type', () => [start('PUT', configPath(projectId)), bearer('alice')]],
    [501, 'method_not_implemented', () => [start('PROPFIND', configPath(projectId))]],
    [417, 'expectation_failed', () => [start('PUT', '/'), 'Expect: tea']],
  ])('is not read behind a %i %s, and the answer arrives', async (status, code, lines) => {
    const { taken, answers } = await pour(service.url, rawRequest([...lines(), header]), chunk);
    expect(answers).toHaveLength(1);
    for (const answer of answers) {
      expectError(answer, status, code);
      expect(answer.headers.get('connection')).toBe('close');
    }
    expect(taken).toBeLessThan(MAX_TAKEN_BYTES);
  });
});

const signature = () => `Stripe-Signature: t=${Math.floor(Date.now() / 1000)},v1=${'0'.repeat(64)}`;

it('what is no HTTP is not read on, and its answer arrives', async () => {
  const { taken, answers } = await pour(service.url, 'nonsense\r\n\r\n', Buffer.alloc(MIB, 'x'));
  expect(answers.map(({ status }) => status)).toEqual([400]);
  expect(taken).toBeLessThan(MAX_TAKEN_BYTES);
});

it('a request behind a body that was not read is not taken', async () => {
  const before = (await service.request('GET', '/api/v1/projects')).text;
  const parts = [
    rawRequest([`PUT ${configPath(projectId)} HTTP/1.1`], 'x'.repeat(MIB)),
    rawRequest(['POST /api/v1/projects HTTP/1.1', bearer('alice'), JSON_TYPE], '{"name": "Not asked for"}'),
  ];
  const answers = await rawExchange(service.url, ...parts);
  expect(answers.map(({ status }) => status)).toEqual([401]);
  expect((await service.request('GET', '/api/v1/projects')).text).toBe(before);
});

describe('a body that waits to be asked for', () => {
  const head = (...lines: string[]) =>
    rawRequest([`PUT ${configPath(projectId)} HTTP/1.1`, JSON_TYPE, 'Expect: 100-continue', ...lines]);

  it('is asked for where it is wanted', async () => {
    const { hostname, port } = new URL(service.url);
    const socket = connect(Number(port), hostname);
    let received = '';
    socket.on('data', (piece: Buffer) => (received += piece.toString()));
    socket.write(head(bearer('alice'), 'Content-Length: 2', 'Connection: close'));
    await eventually('it is asked for', () => received.startsWith('HTTP/1.1 100 '));
    const closed = once(socket, 'close');
    socket.write('{}');
    await closed;
    expect(received).toContain('\r\n\r\nHTTP/1.1 200 ');
  });

  it.each<[number, () => string[]]>([
    [401, () => ['Content-Length: 2']],
    [413, () => [bearer('alice'), 'Content-Length: 20000']],
  ])('is not asked for behind a %i', async (status, lines) => {
    const answers = await rawExchange(service.url, head(...lines()));
    expect(answers.map((answer) => answer.status)).toEqual([status]);
  });
});

describe.each(Object.keys(ADAPTERS) as AdapterName[])('in a host on %s', (adapter) => {
  let database: TestDatabase;
  let host: Host;

  beforeAll(async () => {
    database = await createTestDatabase();
    host = await startHost({ adapter, database });
  });
  afterAll(async () => {
    await host.stop();
    await database.drop();
  });

  it.each(UNENDING)('a body %s is not read behind a refusal of ours', async (_, header, chunk) => {
    const paths = [configPath(randomUUID()), webhookPath(randomUUID(), 'test')];
    for (const path of paths) {
      const head = rawRequest([`POST ${path} HTTP/1.1`, signature(), header]);
      const { taken, answers } = await pour(host.url, head, chunk);
      expect(answers).toHaveLength(1);
      expect(answers.map(({ headers }) => headers.get('connection'))).toEqual(['close']);
      expect(taken).toBeLessThan(MAX_TAKEN_BYTES);
    }
  });
});

describe('webhooks that anybody can send', () => {
  const SECRET = fakeCredential('test_webhook_secret', 'of a flood');
  const COUNT = 300;
  const put = () => service.request('PUT', configPath(projectId), { body: { test_webhook_secret: SECRET } });
  const deliverTo = (client: TestClient, secret = SECRET) => deliver(client, projectId, 'test', secret);

  beforeEach(async () => {
    projectId = await service.createProject();
  });

  /** How often a connection of the pool was asked for meanwhile. */
  async function loansDuring(work: () => Promise<void>): Promise<number> {
    const pool = (service.app.get(DataSource).driver as PostgresDriver).master as Pool;
    let loans = 0;
    const count = (): void => void (loans += 1);
    pool.on('acquire', count);
    await work().finally(() => pool.off('acquire', count));
    return loans;
  }

  it.each<[string, string[]]>([
    ['no signature', []],
    ['an empty signature', ['Stripe-Signature:']],
    ['a signature without a time', [`Stripe-Signature: v1=${'0'.repeat(64)}`]],
    ['a signature without a digest', ['Stripe-Signature: t=1767225600']],
    ['two signatures', [signature(), signature()]],
  ])('are refused before their body when they have %s', async (_, lines) => {
    await put();
    const start = `POST ${webhookPath(projectId, 'test')} HTTP/1.1`;
    const head = rawRequest([start, ...lines, 'Content-Length: 1000', 'Connection: close']);
    const answers = await rawExchange(service.url, head);
    expect(answers).toHaveLength(1);
    for (const answer of answers) expectError(answer, 400, 'invalid_signature');
  });

  it('do not each cost a statement where none are taken, one after the other', async () => {
    const loans = await loansDuring(async () => {
      for (let sent = 0; sent < COUNT; sent++) expect((await deliverTo(service)).status).toBe(404);
    });
    expect(loans).toBeLessThan(COUNT / 3);
  });

  it('do not each cost a statement where their signatures are wrong, one after the other', async () => {
    await put();
    const forged = fakeCredential('test_webhook_secret', 'of somebody else');
    const loans = await loansDuring(async () => {
      for (let sent = 0; sent < COUNT; sent++) expect((await deliverTo(service, forged)).status).toBe(400);
    });
    expect(loans).toBeLessThan(COUNT / 3);
    expect((await deliverTo(service)).status).toBe(200);
  });

  it('share one statement where many are asked about while another runs', async () => {
    await put();
    const lookup = new WebhookSecretLookup(service.app.get(PAYMENTS_DATABASE), 'test');
    const statement = jest.spyOn(pg.Client.prototype, 'query');
    const runs = () =>
      statement.mock.calls.filter(([query]) =>
        (query as { name?: string }).name?.startsWith(FIND_WEBHOOK_SECRETS.name),
      ).length;
    try {
      const first = lookup.find(randomUUID());
      await eventually('it runs', () => runs() === 1);
      const asked = [...Array.from({ length: 100 }, () => randomUUID()), projectId];
      const rows = await Promise.all(asked.map((id) => lookup.find(id)));
      expect(await first).toBeUndefined();
      expect(rows.map((row) => row?.project_id)).toEqual([...Array<undefined>(100), projectId]);
      expect(runs()).toBe(2);
    } finally {
      statement.mockRestore();
    }
  });

  it('are not taken for unknown where the project changed while it was asked about', async () => {
    const lookup = new WebhookSecretLookup(service.app.get(PAYMENTS_DATABASE), 'test');
    const asking = lookup.find(projectId);
    // The statement of the question is under way, and sees nothing of what comes.
    await new Promise(setImmediate);
    lookup.forget(projectId);
    expect(await asking).toBeUndefined();
    await put();
    expect((await lookup.find(projectId))?.project_id).toBe(projectId);
  });

  it('are taken from the first secret on, also by another replica', async () => {
    const other = await startTestService({ database: service.database, keyRing });
    try {
      for (const client of [service, other]) expect((await deliverTo(client)).status).toBe(404);
      // One is asked about while it changes.
      const [, { status }] = await Promise.all([deliverTo(service), put()]);
      expect(status).toBe(200);
      expect((await deliverTo(service)).status).toBe(200);
      await eventually('the other replica takes them', async () => (await deliverTo(other)).status === 200);
      await service.request('DELETE', configPath(projectId));
      for (const client of [service, other]) expect((await deliverTo(client)).status).toBe(404);
      await put();
      expect((await deliverTo(service)).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});

/** Ids as usual, and no log. */
const CONTEXT = { requestIdOf: requestIds(), logger: pino({ level: 'silent' }) };

/** A server with a handler of one's choice, on a free port of the loopback. */
async function withServer(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  use: (url: string, sockets: Socket[]) => Promise<void>,
  limits?: Parameters<typeof createHttpServer>[2],
): Promise<void> {
  const server = createHttpServer(handler, CONTEXT, limits);
  const sockets: Socket[] = [];
  server.on('connection', (socket: Socket) => sockets.push(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe('the time that a request may take to arrive', () => {
  it('is half a minute, half of it for the head, and is looked at each second', () => {
    const server = createHttpServer(() => undefined, CONTEXT) as ReturnType<typeof createHttpServer> & {
      connectionsCheckingInterval: number;
    };
    const { headersTimeout, requestTimeout, connectionsCheckingInterval } = server;
    expect({ headersTimeout, requestTimeout, connectionsCheckingInterval }).toEqual({
      headersTimeout: 15_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1_000,
    });
  });

  const SHORT = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };
  it.each<[string, string]>([
    ['a head', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['a body', 'PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'],
  ])('ends for %s with a 408', async (_, bytes) => {
    const readAll = (request: IncomingMessage, response: ServerResponse): void => {
      request.resume().once('end', () => response.end());
    };
    await withServer(
      readAll,
      async (url) => {
        const answers = await rawExchange(url, bytes);
        expect(answers).toHaveLength(1);
        for (const answer of answers) expectError(answer, 408, 'request_timeout');
      },
      SHORT,
    );
  });
});

describe('requests that do not wait for answers', () => {
  const COUNT = 6_000;
  const AT_ONCE = 16;

  it.each([
    ['without bodies', ''],
    ['with bodies that are read', '{}'],
  ])(
    `%s are worked on ${AT_ONCE} at a time, read no further, and answered in their order`,
    async (_, body) => {
      const held: (() => void)[] = [];
      let isOpen = false;
      let running = 0;
      let most = 0;
      const handler = (request: IncomingMessage, response: ServerResponse): void => {
        running += 1;
        most = Math.max(most, running);
        const answer = (): void => {
          running -= 1;
          response.end(request.url);
        };
        request.resume().once('end', () => {
          if (isOpen) setImmediate(answer);
          else held.push(answer);
        });
      };
      await withServer(handler, async (url, sockets) => {
        const { hostname, port } = new URL(url);
        const client = connect(Number(port), hostname);
        const received: Buffer[] = [];
        client.on('data', (piece: Buffer) => received.push(piece));
        client.on('error', () => undefined);
        const padding = 'x'.repeat(1_000);
        for (let sent = 0; sent < COUNT; sent++) {
          const last = sent === COUNT - 1 ? 'Connection: close\r\n' : '';
          client.write(
            `PUT /${sent} HTTP/1.1\r\nHost: x\r\nX-Y: ${padding}\r\nContent-Length: ${body.length}\r\n${last}\r\n${body}`,
          );
        }
        const [socket] = await eventually('some are worked on', () => held.length === AT_ONCE && sockets);
        const readAtFirst = socket?.bytesRead ?? 0;
        // The service goes round its loop, and has read all that it reads.
        await rawExchange(url, 'nonsense\r\n\r\n');
        expect(socket?.bytesRead).toBe(readAtFirst);
        expect(readAtFirst).toBeLessThan(MIB);

        isOpen = true;
        const closed = once(client, 'close');
        for (const answer of held.splice(0).reverse()) answer();
        await closed;
        const answers = answersIn(Buffer.concat(received));
        expect(answers.map(({ text }) => text)).toEqual(
          Array.from({ length: COUNT }, (_, index) => `/${index}`),
        );
        expect(most).toBe(AT_ONCE);
      });
    },
  );
});
