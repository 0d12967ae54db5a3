import { X509Certificate } from 'node:crypto';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { generate } from 'selfsigned';
import { createKeyRingFile } from '../../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import {
  ROOT,
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from '../support/process.js';
import { testToken } from '../support/service.js';

let database: TestDatabase;
let replicas: ServiceProcess[];
let proxy: ChildProcess;
let port: number;
let authority: string;

beforeAll(async () => {
  const folder = await temporaryFolder();
  const ring = join(folder, 'ring.json');
  await createKeyRingFile(ring);
  database = await createTestDatabase();
  const settings = serviceSettings(database.url, ring, {
    REQUEST_ID_HEADER: 'x-request-id',
    SHUTDOWN_DELAY_SECONDS: '7',
  });
  replicas = [await startServiceProcess(settings), await startServiceProcess(settings)];

  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  authority = cert;
  writeFileSync(join(folder, 'certificate.pem'), `${cert}\n${key}`);
  port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configuration(folder));
  proxy = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' });
  await once(proxy, 'spawn');
  await eventually('the proxy serves', async () => (await ask()).status === 200);
}, 60_000);
afterAll(async () => {
  proxy.kill('SIGKILL');
  await cleanUp();
  await database.drop();
});

/** The file as it is, but for the addresses of this machine, which has no engine that resolves names. */
function configuration(folder: string): string {
  let text = readFileSync(join(ROOT, 'deploy/haproxy.cfg'), 'utf8')
    .replace('bind :8443', `bind 127.0.0.1:${port}`)
    .replaceAll('/run/secrets', folder)
    .replace(' resolvers docker resolve-prefer ipv4', '');
  for (const [index, { url }] of replicas.entries()) {
    text = text.replace(`service-${index + 1}:3000`, new URL(url).host);
  }
  return text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Asks over a connection that is kept. */
function ask(agent?: Agent): Promise<{ status: number | string; requestId: unknown }> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${testToken('alice')}`, 'x-request-id': 'a'.repeat(32) };
    const options = { host: '127.0.0.1', servername: 'localhost', port, ca: authority, headers, agent };
    const sent = request({ ...options, path: '/api/v1/projects' }, (response) => {
      response.resume();
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, requestId: response.headers['x-request-id'] });
      });
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      resolve({ status: error.code ?? 'unknown', requestId: undefined });
    });
    sent.end();
  });
}

it('ends TLS, and gives each request an id of its own', async () => {
  expect(new X509Certificate(authority).subject).toBe('CN=localhost');
  const { status, requestId } = await ask();
  expect(status).toBe(200);
  expect(requestId).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/);
  expect(requestId).not.toContain('aaaaaaaa');
});

it('no request fails while a replica ends', async () => {
  const agents = [1, 2, 3, 4].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  const statuses = new Map<number | string, number>();
  let isOver = false;
  const clients = agents.map(async (agent) => {
    while (!isOver) {
      const { status } = await ask(agent);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      await delay(20);
    }
  });
  expect(await replicas[0]?.stop()).toBe(0);
  isOver = true;
  await Promise.all(clients);
  for (const agent of agents) agent.destroy();
  expect([...statuses.keys()]).toEqual([200]);
  expect(statuses.get(200)).toBeGreaterThan(50);
}, 60_000);
