import { createRequire } from 'node:module';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ROOT, cleanUp, runProgram, waitForOutput } from '../support/process.js';
import { TEST_SECRET, configPath, testClient, webhookPath } from '../support/service.js';
import { LocalStripe } from '../support/stripe/local-stripe.js';
import { deliver, sendWebhook, snapshotEvent, signatureOf } from '../support/webhooks.js';
import { run } from '../support/run.js';
import { LOWEST, LOWEST_NEST_11, NEST_11, NEST_12, TYPES } from './versions.js';
import { installedProject, readManifest } from './installed.js';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const PROJECT = '7b0cbb0c-5d0d-4b70-9a5e-2f7a3f1d9c11';

/** How hosts compile and find modules. */
const COMMONJS = { type: 'commonjs', module: 'commonjs', main: 'express' } as const;
const ESM = { type: 'module', module: 'nodenext', main: 'fastify' } as const;

const HOSTS = [
  {
    what: 'Nest 10, CommonJS and Express 4, with the lowest versions',
    versions: { ...LOWEST, '@nestjs/platform-express': '10.4.0', '@nestjs/typeorm': '10.0.2' },
    ...COMMONJS,
  },
  {
    what: 'Nest 11, CommonJS and Express, with the lowest versions',
    versions: { ...LOWEST_NEST_11, '@nestjs/platform-express': '11.0.1' },
    ...COMMONJS,
  },
  {
    what: 'Nest 11, CommonJS and Express, with the newest versions',
    versions: { ...NEST_11, '@nestjs/platform-express': '11.2.10' },
    ...COMMONJS,
  },
  {
    what: 'Nest 12, ESM and Fastify',
    versions: { ...NEST_12, '@nestjs/platform-fastify': '12.5.0' },
    ...ESM,
  },
];

it('tries the lowest versions that it claims', () => {
  const claimed = Object.entries(readManifest('package/package.json').peerDependencies)
    .filter(([name]) => name in LOWEST)
    .map(([name, range]) => [name, /^\^([\d.]+)/.exec(range)?.[1]]);
  expect(Object.fromEntries(claimed)).toEqual(LOWEST);
});

describe.each(HOSTS)('a host of $what', ({ versions, type, module, main }) => {
  let database: TestDatabase;
  let stripe: LocalStripe;
  let folder: string;
  let client: ReturnType<typeof testClient>;
  const secretKey = fakeCredential('test_secret_key', main);
  const webhookSecret = fakeCredential('test_webhook_secret', main);

  const compile = (...options: string[]) =>
    run(folder, process.execPath, TSC, '-p', 'tsconfig.json', ...options);

  beforeAll(async () => {
    database = await createTestDatabase();
    stripe = await LocalStripe.start();
    stripe.addAccount({ accountId: 'acct_1', key: secretKey });
    folder = await installedProject({ ...versions, ...TYPES }, { type });
    await mkdir(join(folder, 'src'));
    for (const file of ['app.ts', `${main}.ts`]) {
      await copyFile(join(ROOT, 'package/consumers', file), join(folder, 'src', file));
    }
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'ES2023',
          module,
          types: ['node'],
          rootDir: 'src',
          outDir: 'dist',
          strict: true,
          esModuleInterop: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          skipLibCheck: true,
        },
        include: ['src'],
      }),
    );
    await compile();
    const keyRingFile = join(folder, 'ring.json');
    await run(folder, 'npx', '--no-install', 'nest-stripe-config', 'keys', 'generate', keyRingFile);
    const host = runProgram(join(folder, `dist/${main}.js`), [], {
      DATABASE_URL: database.url,
      KEY_RING_FILE: keyRingFile,
      AUTH_SECRET: TEST_SECRET.toString(),
      STRIPE_API_BASE: stripe.url,
    });
    client = testClient(await waitForOutput(host, /listening at (http:\/\/[\w.:]+)/));
  });

  afterAll(async () => {
    await cleanUp();
    await stripe.stop();
    await database.drop();
  });

  it('stores credentials, and shows their masks', async () => {
    const put = await client.request('PUT', configPath(PROJECT), {
      body: { test_secret_key: secretKey, test_webhook_secret: webhookSecret },
    });
    expect(put).toMatchObject({ status: 200 });
    const { status, text } = await client.request('GET', configPath(PROJECT));
    expect({ status, text }).toEqual({ status: 200, text: put.text });
    expect(text).toContain(`...${secretKey.slice(-4)}`);
    expect(text).not.toContain(secretKey);
    expect((await client.request('GET', '/host/changes')).json).toEqual([`${PROJECT} 1 alice`]);
    expect(await client.request('GET', configPath(PROJECT), { subject: null })).toMatchObject({
      status: 401,
    });
    expect(await client.request('GET', configPath(PROJECT), { subject: 'bob' })).toMatchObject({
      status: 403,
    });
  });

  it('refuses a wrong paste by its cause', async () => {
    const body = { test_secret_key: fakeCredential('live_secret_key', main) };
    const { status, json } = await client.request('PUT', configPath(PROJECT), { body });
    expect({ status, json }).toMatchObject({ status: 422, json: { detail: [{ type: 'wrong_mode' }] } });
  });

  it('refuses a method that a path does not offer', async () => {
    const refused = await client.request('PATCH', configPath(PROJECT), { body: {} });
    expect({ status: refused.status, json: refused.json }).toMatchObject({
      status: 405,
      json: { code: 'method_not_allowed' },
    });
    expect(refused.headers.get('allow')).toBe('GET, HEAD, PUT, DELETE');
  });

  it('calls Stripe with the key of a project', async () => {
    expect(await client.request('GET', `/host/balance/${PROJECT}`)).toMatchObject({
      status: 200,
      json: { livemode: false },
    });
    expect(stripe.requests.map(({ path, key }) => ({ path, key }))).toEqual([
      { path: '/v1/balance', key: secretKey },
    ]);
  });

  it("hands a webhook's event to the host's handler", async () => {
    const event = snapshotEvent('test');
    expect(await deliver(client, PROJECT, 'test', webhookSecret, event)).toMatchObject({ status: 200 });
    const forged = JSON.stringify(snapshotEvent('test'));
    const signature = signatureOf(forged, fakeCredential('test_webhook_secret', 'of somebody else'));
    expect(await sendWebhook(client, webhookPath(PROJECT, 'test'), forged, signature)).toMatchObject({
      status: 400,
    });
    const paid = await eventually('the handler', async () => {
      const { json } = await client.request('GET', '/host/paid');
      return (json as string[]).length > 0 && json;
    });
    expect(paid).toEqual([`${PROJECT} test in_1 1200`]);
  });

  it('gives types whatever way modules are found', async () => {
    // How most hosts were set up before TypeScript 6, and how Node itself finds modules.
    if (type === 'commonjs') {
      await compile('--noEmit', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0');
    }
    await compile('--noEmit', '--module', 'nodenext');
    const wrong = join(folder, 'src/wrong.ts');
    await writeFile(
      wrong,
      `import { StripeClients } from 'nest-stripe-config';\nexport const wrong: number = StripeClients;\n`,
    );
    await expect(compile('--noEmit')).rejects.toThrow(/wrong\.ts.*StripeClients/s);
  });

  it('runs the commands against its database', async () => {
    const said = await run(
      folder,
      'env',
      `DATABASE_URL=${database.url}`,
      'npx',
      '--no-install',
      'nest-stripe-config',
      'audit',
      'verify',
    );
    expect(said).toContain('as it was written');
  });
});
