import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { expectError } from './support/errors.js';
import { eventually } from './support/eventually.js';
import {
  ROOT,
  cleanUp,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
  type Settings,
} from './support/process.js';

/** Longest a stop may take, as documented, in milliseconds. */
const STOP_LIMIT_MS = 10_000;

let database: TestDatabase;
let settings: Settings;

beforeEach(async () => {
  database = await createTestDatabase();
  const keyRing = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRing);
  settings = serviceSettings(database.url, keyRing);
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

const ready = (service: ServiceProcess) => service.request('GET', '/health/ready', { subject: null });
const isUnready = async (service: ServiceProcess) => (await ready(service)).status === 503;

describe('SIGTERM', () => {
  it('makes the service unready first, which serves on until load balancers have seen it', async () => {
    const service = await startServiceProcess({ ...settings, SHUTDOWN_DELAY_SECONDS: '5' });

    process.kill(service.pid, 'SIGTERM');

    await eventually('it is unready', () => isUnready(service));
    expectError(await ready(service), 503, 'dependency_unavailable');
    expect((await service.request('GET', '/health/live', { subject: null })).status).toBe(200);
    // On a connection of its own, each.
    const answer = await service.request('POST', '/api/v1/projects', { body: { name: 'Shop' } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('connection')).toBe('close');
    expect(await service.exit()).toBe(0);
  });

  it('a second time ends the process at once', async () => {
    const service = await startServiceProcess({ ...settings, SHUTDOWN_DELAY_SECONDS: '60' });
    process.kill(service.pid, 'SIGTERM');
    await eventually('it is unready', () => isUnready(service));

    await eventually('it ends', () => {
      if (service.ended === undefined) process.kill(service.pid, 'SIGTERM');
      return service.ended !== undefined;
    });

    expect(service.ended).toBe(1);
  });
});

describe('SIGINT', () => {
  it('does not wait for load balancers', async () => {
    const service = await startServiceProcess({ ...settings, SHUTDOWN_DELAY_SECONDS: '60' });
    expect(await service.stop('SIGINT')).toBe(0);
  });
});

describe('a log that nobody reads', () => {
  it('keeps neither requests nor the end waiting', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { PATH, HOME } = process.env;
    const service = spawn(process.execPath, ['dist/main.js'], {
      cwd: ROOT,
      env: { PATH, HOME, ...settings, PORT: new URL(url).port },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // Nobody listens to service.stdout, so that it is full after some hundred lines.
    try {
      await eventually('it is ready', async () =>
        fetch(`${url}/health/ready`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      );
      for (let batch = 0; batch < 100; batch++) {
        const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/api/v1/projects`)));
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 401));
        await Promise.all(answers.map((answer) => answer.text()));
      }
      expect(service.stdout.readableLength).toBeGreaterThan(0);

      const overdue = setTimeout(() => service.kill('SIGKILL'), STOP_LIMIT_MS);
      service.kill('SIGTERM');
      // Not 'close', which waits for a reader.
      const [code, signal] = (await once(service, 'exit')) as [number | null, string | null];
      clearTimeout(overdue);
      expect({ code, signal }).toEqual({ code: 0, signal: null });
    } finally {
      service.kill('SIGKILL');
      service.stdout.destroy();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
