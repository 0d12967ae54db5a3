import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { isBuiltin } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import typescript from 'typescript';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { postmasterOf } from './support/postmaster.js';
import {
  ROOT,
  cleanUp,
  logOf,
  runCommand,
  runProgram,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
  waitForOutput,
  type ServiceProcess,
  type Settings,
} from './support/process.js';
import { configPath, testToken } from './support/service.js';
import { isAlive } from './support/is-alive.js';

let folder: string;

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  // PostgreSQL may have outlived its service. It ends with its children before the folder is removed under them.
  const postmaster = postmasterOf(folder);
  if (postmaster !== undefined && isAlive(postmaster)) {
    process.kill(postmaster, 'SIGQUIT');
    await eventually('PostgreSQL is gone', () => !isAlive(postmaster));
  }
  await cleanUp();
});

describe('the service with nothing but an empty folder', () => {
  const start = (settings: Settings = {}) =>
    startServiceProcess({ PORT: '0', DATA_DIR: folder, ...settings });

  it('shows where the explorer is, and a request that works when pasted, also where a proxy is named', async () => {
    const service = await start({ HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' });
    expect(service.stderr).toBe('');
    const banner = await bannerOf(service);

    const explorer = await fetch(banner.explorer);
    expect(explorer.status).toBe(200);
    expect(await explorer.text()).toMatch(/swagger/i);
    expect(service.stdout).toContain(`Page       ${service.url}\n`);
    const answer = await fetch(banner.address, banner);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      project_id: banner.projectId,
      has_test_credentials: true,
      test_webhook_secret_masked: expect.any(String) as unknown,
    });
    expect(banner.headers.Authorization).toBe(`Bearer ${banner.token}`);
  });

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT', 'SIGKILL'])(
    'keeps data, ids and tokens over %s and a start',
    async (signal) => {
      const first = await start();
      const banner = await bannerOf(first);
      const stored: unknown = await (await fetch(banner.address, banner)).json();
      const postmaster = postmasterOf(folder);

      const ended = await first.stop(signal);

      if (signal !== 'SIGKILL') {
        expect(ended).toBe(0);
        expect(postmasterOf(folder)).toBeUndefined();
        expect(postmaster !== undefined && isAlive(postmaster)).toBe(false);
      }
      const second = await start();
      expect((await bannerOf(second)).projectId).toBe(banner.projectId);
      const { headers } = banner;
      const again = await fetch(second.url + new URL(banner.address).pathname, { headers });
      expect({ status: again.status, json: await again.json() }).toEqual({ status: 200, json: stored });
    },
  );

  it('is refused a folder that another one uses', async () => {
    const first = await start();
    const second = runProgram('dist/main.js', [], { PORT: '0', DATA_DIR: folder });

    expect(await second.exit()).toBe(1);
    expect(second.stderr).toMatch(/^Another instance is using the data folder .*DATA_DIR.*DATABASE_URL/);
    expect((await first.request('GET', '/health/ready', { subject: null })).status).toBe(200);
  });
});

describe('a stop', () => {
  const WORKERS = 16;
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await cleanUp();
    await database.drop();
  });

  it.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    'by %s under load breaks no request on a live connection',
    async (signal) => {
      const service = await startServiceProcess(serviceSettings(database.url, await keyRing()));
      const path = configPath(await service.createProject());
      await service.request('PUT', path, { body: { test_secret_key: fakeCredential('test_secret_key') } });
      const workers = Array.from(
        { length: WORKERS },
        (_, index) => new KeepAliveClient(service.url + path, index),
      );
      const ends = workers.map((worker) => worker.work());
      await eventually('every connection is in use', () => workers.every(({ answers }) => answers > 5));

      const code = await service.stop(signal);

      expect(code).toBe(0);
      // Each goes on until it is asked to close, and never sees anything else.
      expect(await Promise.all(ends)).toEqual(workers.map(() => 'told to close'));
      await expect(fetch(service.url)).rejects.toThrow();
    },
  );

  it('ends with code 0 while a connection sits idle', async () => {
    const service = await startServiceProcess(serviceSettings(database.url, await keyRing()));
    const worker = new KeepAliveClient(`${service.url}/health/live`, 0);
    await worker.send();

    expect(await service.stop()).toBe(0);
    expect(service.stderr).toBe('');
  });
});

describe('a start', () => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await cleanUp();
    await database.drop();
  });

  const production = async (more: Settings = {}): Promise<Settings> =>
    serviceSettings(database.url, more.KEY_RING_FILE ?? (await keyRing()), {
      NODE_ENV: 'production',
      PUBLIC_BASE_URL: 'https://payments.example',
      ...more,
    });

  it('in production works with what it needs, without explorer and banner', async () => {
    const service = await startServiceProcess(await production());
    expect((await service.request('GET', '/health/ready')).status).toBe(200);
    const path = configPath(await service.createProject());
    const body = { live_secret_key: fakeCredential('live_secret_key') };
    expect((await service.request('PUT', path, { body })).status).toBe(200);

    for (const path of ['/docs', '/docs/', '/docs/swagger-ui-init.js', '/openapi.json', '/openapi.yaml']) {
      expect((await service.request('GET', path)).status).toBe(404);
    }
    for (const path of ['/', '/ui/page.js', '/ui/stripe-settings.js']) {
      expect((await service.request('GET', path)).status).toBe(404);
    }
    await service.stop();
    expect(service.stdout.split('\n').filter((line) => line !== '')).toHaveLength(logOf(service).length);
    expect(service.stdout).not.toMatch(/curl|Bearer|Explorer/);
  });

  it.each([
    ['as it is', (text: string) => text],
    ['in base64', (text: string) => Buffer.from(text).toString('base64')],
  ])('takes the key ring as a text %s', async (_name, encode) => {
    const file = await keyRing();
    const text = await readFile(file, 'utf8');
    const asText = { ...(await production()), KEY_RING_FILE: '', KEY_RING: encode(text) };
    const service = await startServiceProcess(asText);
    const path = configPath(await service.createProject());
    const body = { live_secret_key: fakeCredential('live_secret_key') };
    expect((await service.request('PUT', path, { body })).status).toBe(200);
    const database_url = { DATABASE_URL: database.url, NODE_ENV: 'production' };
    const verified = await runCommand('keys', ['verify'], { ...database_url, KEY_RING: asText.KEY_RING });
    expect(verified).toMatchObject({ code: 0, stdout: 'Every stored value can be opened.\n' });
    const status = await runCommand('keys', ['status', '--json'], {
      ...database_url,
      KEY_RING: asText.KEY_RING,
    });
    expect(JSON.parse(status.stdout)).toMatchObject({
      keys: [{ state: 'active', rows: 1 }],
      replicas: [{ sameRing: true }],
    });
    const changed = await runCommand('keys', ['generate'], { KEY_RING: asText.KEY_RING });
    expect(changed).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^KEY_RING is a text, which cannot be changed: .*KEY_RING_FILE/,
      ) as unknown,
    });
    const shown = [service, verified, status, changed].map(({ stdout, stderr }) => stdout + stderr).join('');
    for (const [material] of text.matchAll(/[A-Za-z0-9+/]{43}=/g)) {
      expect(shown).not.toContain(material.slice(0, 8));
    }
    expect(shown).not.toContain(asText.KEY_RING.slice(0, 30));
  });

  it('refuses a key ring that is no ring, or two of them, by the names of the settings', async () => {
    const file = await keyRing();
    const wrong = await fail(await production({ KEY_RING_FILE: '', KEY_RING: 'wrongvalue' }));
    expect(wrong).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^KEY_RING: the text of the key ring is not JSON; /) as unknown,
    });
    const both = await fail(await production({ KEY_RING_FILE: file, KEY_RING: 'wrongvalue' }));
    expect(both).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        '- KEY_RING cannot stand beside KEY_RING_FILE; remove one of them',
      ) as unknown,
    });
    expect(wrong.stderr + both.stderr).not.toContain('wrongvalue');
  });

  it('in production with nothing set names everything that is missing', async () => {
    const { code, stderr } = await fail({ NODE_ENV: 'production' });
    expect(code).toBe(1);
    for (const name of [
      'DATABASE_URL',
      'KEY_RING_FILE',
      'AUTH_ISSUER',
      'AUTH_AUDIENCE',
      'AUTH_JWT_SECRET',
      'PUBLIC_BASE_URL',
    ]) {
      expect(stderr).toContain(name);
    }
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('in production refuses what was made for development', async () => {
    const developer = await startServiceProcess({ PORT: '0', DATA_DIR: folder });
    await bannerOf(developer);
    await developer.stop();
    // As earlier versions generated it.
    const secret = `development-only-${randomBytes(48).toString('base64url')}`;

    const withRing = await fail(await production({ KEY_RING_FILE: join(folder, 'key-ring.json') }));
    expect(withRing).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^KEY_RING_FILE: .*made for development/) as unknown,
    });
    const withSecret = await fail(await production({ AUTH_JWT_SECRET: secret }));
    expect(withSecret).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/AUTH_JWT_SECRET was made for development/) as unknown,
    });
    expect(withSecret.stderr).not.toContain(secret.slice(-20));
  });

  it('with wrong settings names every one and prints no value', async () => {
    const wrong = {
      PORT: '65536',
      DATABASE_URL: 'wrongvalue',
      AUTH_JWT_SECRET: 'wrongvalue',
      AUTH_ISSUER: 'https://wrongvalue',
      PUBLIC_BASE_URL: 'http://wrongvalue',
      LOG_LEVEL: 'wrongvalue',
      DOCS: 'wrongvalue',
    };
    const { code, stdout, stderr } = await fail(await production(wrong));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    for (const name of Object.keys(wrong)) expect(stderr).toContain(`- ${name} `);
    expect(stderr).not.toMatch(/wrongvalue|65536/);
  });

  it('without the key ring file names its setting and not its place', async () => {
    const { code, stdout, stderr } = await fail(await production({ KEY_RING_FILE: '/wrongvalue/ring.json' }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^KEY_RING_FILE: .*ENOENT/);
    expect(stdout + stderr).not.toContain('wrongvalue');
  });

  it('on a port that is taken names PORT', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    try {
      const { code, stderr } = await fail(
        await production({ PORT: String((taken.address() as AddressInfo).port) }),
      );
      expect(code).toBe(1);
      expect(stderr).toMatch(/^Port \d+ on \S+ is in use: set PORT to a free port.*\n$/);
    } finally {
      taken.close();
    }
  });
});

describe('the built files', () => {
  it('import no package that production does not install', async () => {
    const { dependencies, peerDependenciesMeta } = JSON.parse(
      await readFile(join(ROOT, 'package.json'), 'utf8'),
    ) as Record<'dependencies' | 'peerDependenciesMeta', Record<string, unknown>>;
    const files = (await readdir(join(ROOT, 'dist'), { recursive: true })).filter((file) =>
      file.endsWith('.js'),
    );
    const packages = new Set<string>();
    for (const file of files) {
      const { importedFiles } = typescript.preProcessFile(
        await readFile(join(ROOT, 'dist', file), 'utf8'),
        true,
        true,
      );
      for (const { fileName } of importedFiles) {
        if (fileName.startsWith('.') || isBuiltin(fileName)) continue;
        packages.add(fileName.split('/', fileName.startsWith('@') ? 2 : 1).join('/'));
      }
    }
    expect(packages).toContain('@nestjs/core');
    // The clients of key services are for those whose ring names one; they are loaded only then.
    const known: Record<string, unknown> = { ...dependencies, ...peerDependenciesMeta };
    // Where people sign in during development; without it the start says what to do.
    packages.delete('oidc-provider');
    expect([...packages].filter((name) => known[name] === undefined)).toEqual([]);
  });
});

/** A client that sends one request after the other over one connection. */
class KeepAliveClient {
  answers = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(
    private readonly address: string,
    private readonly index: number,
  ) {}

  /** Sends until it is asked to close; says how it ended. */
  async work(): Promise<string> {
    try {
      for (;;) {
        const { statusCode, headers } = await this.send();
        if (statusCode !== 200) return `status ${statusCode ?? 'missing'}`;
        this.answers += 1;
        if (headers.connection === 'close') return 'told to close';
      }
    } catch (error) {
      return String(error);
    } finally {
      this.agent.destroy();
    }
  }

  /** Resolves once the whole answer is there. */
  send(): Promise<IncomingMessage> {
    const isPut = this.index % 2 === 0;
    const body = isPut
      ? JSON.stringify({ test_webhook_secret: fakeCredential('test_webhook_secret', this.index) })
      : '';
    return new Promise((resolve, reject) => {
      const request = httpRequest(this.address, {
        method: isPut && this.address.endsWith('config') ? 'PUT' : 'GET',
        agent: this.agent,
        headers: { authorization: `Bearer ${testToken('alice')}`, 'content-type': 'application/json' },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        response.on('error', reject);
        response.on('end', () => {
          resolve(response);
        });
        response.resume();
      });
      request.end(body);
    });
  }
}

/** What the banner shows, and its curl in the form that fetch takes. */
async function bannerOf(service: ServiceProcess) {
  const text = await waitForOutput(service, /(Explorer[^]+ -d '.*')/);
  const found = (pattern: RegExp) => pattern.exec(text)?.[1] ?? '';
  return {
    explorer: found(/Explorer +(\S+)/),
    projectId: found(/Project +(\S+)/),
    token: found(/Token +(\S+)/),
    address: found(/curl -X \w+ (\S+)/),
    method: found(/curl -X (\w+)/),
    headers: Object.fromEntries(
      [...text.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = '', value = '']) => [name, value]),
    ),
    body: found(/-d '([^']+)'/),
  };
}

async function fail(settings: Settings) {
  const program = runProgram('dist/main.js', [], settings);
  return { code: await program.exit(), stdout: program.stdout, stderr: program.stderr };
}

async function keyRing(): Promise<string> {
  const file = join(folder, 'ring.json');
  if (!existsSync(file)) await createKeyRingFile(file);
  return file;
}
