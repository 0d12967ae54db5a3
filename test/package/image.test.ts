import { execFile, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { makeImage, runInImage, type Image } from '../support/image.js';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { TEST_SECRET } from '../support/service.js';

describe('the image, made by hand as the Dockerfile says', () => {
  let image: Image;
  let database: TestDatabase;
  let secrets: string;
  let settings: Record<string, string>;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    image = await makeImage();
    // Where it is not root that owns the tree, its modes keep it as it is.
    if (process.getuid?.() !== 0) await promisify(execFile)('chmod', ['-R', 'a-w', image.root]);
    database = await createTestDatabase();
    const mount = await temporaryFolder();
    await chmod(mount, 0o755);
    secrets = join(mount, 'secrets');
    await mkdir(secrets, { mode: 0o700 });
    await own(secrets);
    settings = {
      KEY_RING_FILE: join(secrets, 'ring.json'),
      DATABASE_URL_FILE: await secretFile('database-url', database.url),
      AUTH_JWT_SECRET_FILE: await secretFile('jwt-secret', TEST_SECRET.toString()),
      PUBLIC_BASE_URL: 'https://payments.example.test',
      SHUTDOWN_DELAY_SECONDS: '0',
      HOST: '127.0.0.1',
    };
  });
  afterAll(async () => {
    for (const child of running) child.kill('SIGKILL');
    if (process.getuid?.() !== 0) await promisify(execFile)('chmod', ['-R', 'u+w', image.root]);
    await cleanUp();
    await database.drop();
  });

  /** As a mount of secrets, that is of the image's user. */
  async function own(path: string): Promise<void> {
    if (process.getuid?.() === 0) await chown(path, image.user.uid, image.user.gid);
  }

  async function secretFile(name: string, text: string): Promise<string> {
    const path = join(secrets, name);
    await writeFile(path, text, { mode: 0o400 });
    await own(path);
    return path;
  }

  function start(command: readonly string[], more: Record<string, string> = {}) {
    const child = runInImage(image, command, { ...settings, ...more });
    running.push(child);
    const output = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
    return { child, output, ended: once(child, 'close').then(([code]) => code as number | null) };
  }

  async function runToEnd(...command: string[]): Promise<string> {
    const { output, ended } = start(command);
    expect({ code: await ended, stderr: output.stderr }).toEqual({ code: 0, stderr: '' });
    return output.stdout;
  }

  it('belongs to a user that is not root, and has production settings', () => {
    expect(image.user).toEqual({ uid: 1000, gid: 1000 });
    expect(image.environment).toMatchObject({ NODE_ENV: 'production', HOST: '0.0.0.0' });
  });

  it('holds neither a compiler, nor Express, nor sources, nor tests', async () => {
    const files = await readdir(image.root, { recursive: true });
    expect(files).toContain('app/node_modules/fastify/package.json');
    expect(
      files.filter((file) => /node_modules\/(typescript|express|@nestjs\/platform-express)$/.test(file)),
    ).toEqual([]);
    const own = files.filter((file) => !file.startsWith('app/node_modules/'));
    expect(own).toContain('app/dist/main.js');
    expect(own.filter((file) => /(?<!\.d)\.ts$|spec|(^|\/)(src|test)(\/|$)/.test(file))).toEqual([]);
  });

  it('makes a key ring, migrates, and shows its keys', async () => {
    const ring = settings.KEY_RING_FILE ?? '';
    expect(await runToEnd('node', 'dist/cli/keys.js', 'generate', ring)).toContain(`KEY_RING_FILE=${ring}`);
    expect(await runToEnd('node', 'dist/cli/migrate.js')).toMatch(/^Ran /);
    expect(JSON.parse(await runToEnd('node', 'dist/cli/keys.js', 'status', '--json'))).toMatchObject({
      keys: [{ state: 'active', rows: 0 }],
    });
  });

  it.each([['its own command'], ['npm start']])(
    'serves by %s, is healthy, and ends in order',
    async (how) => {
      const port = String(await freePort());
      const command = how === 'npm start' ? how.split(' ') : image.command;
      const { child, output, ended } = start(command, { PORT: port });
      await eventually('it serves', () => {
        if (child.exitCode !== null) throw new Error(output.stdout + output.stderr);
        return output.stdout.includes('"event":"service.ready"');
      });

      expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
      const check = start(image.healthcheck, { PORT: port });
      expect({ code: await check.ended, ...check.output }).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(output.stdout).not.toContain('"level":40');
      child.kill('SIGTERM');
      // npm passes the signal on, waits, and then ends by it as well.
      expect(await ended).toBe(how === 'npm start' ? null : 0);
      const late = start(image.healthcheck, { PORT: port });
      expect(await late.ended).toBe(1);
    },
  );
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
