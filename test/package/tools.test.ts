import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import jsonwebtoken from 'jsonwebtoken';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ROOT, cleanUp, runProgram, waitForOutput } from '../support/process.js';
import { run } from '../support/run.js';
import { TEST_SECRET, configPath, testClient } from '../support/service.js';
import { NEST_11, NEST_12, TYPES } from './versions.js';
import { TARBALL, install, installedProject } from './installed.js';

const PROJECT = '7b0cbb0c-5d0d-4b70-9a5e-2f7a3f1d9c11';

/** As `nest new` writes it for Nest 11. */
const COMPILER_OPTIONS = {
  module: 'commonjs',
  declaration: true,
  removeComments: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  allowSyntheticDefaultImports: true,
  target: 'ES2023',
  sourceMap: true,
  outDir: './dist',
  rootDir: './src',
  skipLibCheck: true,
  strictNullChecks: true,
  noImplicitAny: false,
};

/** What a bundler is not to look for: packages that Nest, pg and the module load only where they are installed. */
const EXTERNAL = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  'class-transformer/storage',
  'pg-native',
  '@aws-sdk/client-kms',
  '@google-cloud/kms',
];

let database: TestDatabase;
let environment: Record<string, string>;

async function hostOf(
  versions: Record<string, string>,
  { type, isWorkspace = false }: { type: 'commonjs' | 'module'; isWorkspace?: boolean },
  files: readonly string[],
): Promise<string> {
  const folder = await installedProject({ ...versions, ...TYPES }, { type, isWorkspace });
  await mkdir(join(folder, 'src'));
  for (const file of files) await copyFile(join(ROOT, 'package/consumers', file), join(folder, 'src', file));
  const ring = join(folder, 'ring.json');
  await run(folder, 'npx', '--no-install', 'nest-stripe-config', 'keys', 'generate', ring);
  environment = {
    DATABASE_URL: database.url,
    KEY_RING_FILE: ring,
    AUTH_SECRET: TEST_SECRET.toString(),
  };
  return folder;
}

/** For `env`. */
function assignments(): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await cleanUp();
  await database.drop();
});

describe('a CommonJS host of Nest 11', () => {
  let folder: string;

  beforeAll(async () => {
    const tools = {
      '@nestjs/platform-express': '11.2.10',
      '@nestjs/testing': '11.2.6',
      '@codegenie/serverless-express': '5.0.0',
      '@swc/core': '1.16.18',
      '@swc/jest': '0.2.39',
      '@types/express': '5.0.6',
      '@types/jest': '30.0.0',
      esbuild: '0.28.2',
      jest: '30.5.2',
      'ts-jest': '29.4.15',
      'ts-loader': '9.6.2',
      typescript: '5.9.3',
      webpack: '5.113.0',
      'webpack-cli': '7.3.1',
    };
    folder = await hostOf({ ...NEST_11, ...tools }, { type: 'commonjs' }, [
      'app.ts',
      'app.spec.ts',
      'express.ts',
      'lambda.ts',
      'types.ts',
    ]);
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['src'] }),
    );
    await run(folder, 'npx', '--no-install', 'tsc', '--esModuleInterop');
  });

  const SWC = [
    '@swc/jest',
    {
      jsc: {
        parser: { syntax: 'typescript', decorators: true },
        transform: { legacyDecorator: true, decoratorMetadata: true },
      },
    },
  ];

  it.each([
    [
      'jest 30.5 and ts-jest',
      '30.5.2',
      ['ts-jest', { tsconfig: { ...COMPILER_OPTIONS, esModuleInterop: true } }],
    ],
    ['jest 30.5 and @swc/jest', '30.5.2', SWC],
    ['jest 30.3 and @swc/jest', '30.3.0', SWC],
    ['jest 29.7 and @swc/jest', '29.7.0', SWC],
  ])('passes its tests with %s', async (_, version, transform) => {
    const runner = join(folder, version === '30.5.2' ? '.' : `jest-${version}`);
    if (runner !== folder) {
      await mkdir(runner);
      await writeFile(
        join(runner, 'package.json'),
        JSON.stringify({ private: true, dependencies: { jest: version } }),
      );
      await install(runner);
    }
    const config = {
      rootDir: 'src',
      testEnvironment: 'node',
      moduleFileExtensions: ['js', 'json', 'ts'],
      moduleNameMapper: { '^(\\.\\.?/.*)\\.js$': '$1' },
      testRegex: '.*\\.spec\\.ts$',
      transform: { '^.+\\.(t|j)s$': transform },
    };
    // No flag of Node's, as `nest new` has none.
    await expect(
      run(
        folder,
        'env',
        'NODE_OPTIONS=',
        ...assignments(),
        process.execPath,
        join(runner, 'node_modules/jest/bin/jest.js'),
        '--config',
        JSON.stringify(config),
      ),
    ).resolves.toBeDefined();
  });

  it.each([
    [
      'a minified bundle of esbuild',
      ['esbuild', 'dist/express.js', '--bundle', '--minify', '--platform=node', '--outfile=bundle.cjs'],
      EXTERNAL.map((name) => `--external:${name}`),
    ],
    [
      'a bundle of webpack',
      [
        'webpack',
        './dist/express.js',
        '--mode=production',
        '--target=node',
        '--output-path=.',
        '--output-filename=bundle.cjs',
      ],
      // As the command of Nest does it: what is installed stays outside.
      ['--externals-type=commonjs', '--externals', '/^[@a-z]/'],
    ],
  ])('runs as %s', async (_, command, externals) => {
    await run(folder, 'npx', '--no-install', ...command, ...externals);
    const host = runProgram(join(folder, 'bundle.cjs'), [], environment);
    const client = testClient(await waitForOutput(host, /listening at (http:\/\/[\w.:]+)/));
    const body = { test_publishable_key: fakeCredential('test_publishable_key', 'bundle') };
    expect(await client.request('PUT', configPath(PROJECT), { body })).toMatchObject({ status: 200 });
  });

  it.each([
    [
      'without esModuleInterop',
      [
        '--module',
        'commonjs',
        '--moduleResolution',
        'node10',
        '--esModuleInterop',
        'false',
        '--allowSyntheticDefaultImports',
        'false',
      ],
    ],
    [
      'for node16, with the library of ES2020, and checked themselves',
      ['--module', 'node16', '--target', 'ES2020', '--skipLibCheck', 'false'],
    ],
    ['for a bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ])('has types %s', async (_, options) => {
    const strict = ['--noEmit', '--strict', '--types', 'node', '--experimentalDecorators', '--skipLibCheck'];
    await expect(
      run(folder, 'npx', '--no-install', 'tsc', ...strict, ...options, 'src/types.ts'),
    ).resolves.toBe('');
  });

  it('runs behind serverless-express', async () => {
    const token = jsonwebtoken.sign({}, TEST_SECRET, { subject: 'alice', expiresIn: '1h' });
    const event = {
      version: '2.0',
      rawPath: configPath(PROJECT),
      rawQueryString: '',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      requestContext: { http: { method: 'PUT', path: configPath(PROJECT), sourceIp: '127.0.0.1' } },
      body: JSON.stringify({ live_publishable_key: fakeCredential('live_publishable_key', 'lambda') }),
      isBase64Encoded: false,
    };
    const answer = await run(
      folder,
      'env',
      ...assignments(),
      process.execPath,
      'dist/lambda.js',
      JSON.stringify(event),
    );
    expect(JSON.parse(answer)).toMatchObject({ statusCode: 200 });
  });
});

describe('an ESM host of Nest 12 in a workspace of npm', () => {
  it('passes its tests with Vitest', async () => {
    const tools = {
      '@nestjs/platform-express': NEST_12['@nestjs/core'] ?? '',
      '@nestjs/testing': '12.1.1',
      '@swc/core': '1.16.18',
      'unplugin-swc': '1.5.9',
      vitest: '3.2.4',
    };
    const folder = await hostOf({ ...NEST_12, ...tools }, { type: 'module', isWorkspace: true }, [
      'app.ts',
      'app.spec.ts',
    ]);
    await writeFile(
      join(folder, 'vitest.config.js'),
      `import swc from 'unplugin-swc';
       export default { test: { globals: true }, plugins: [swc.vite({ module: { type: 'es6' } })] };`,
    );
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, module: 'nodenext', rootDir: undefined } }),
    );
    await expect(
      run(folder, 'env', ...assignments(), 'npx', '--no-install', 'vitest', 'run'),
    ).resolves.toContain('4 passed');
  });
});

describe('a project of pnpm, where nothing is found that is not declared', () => {
  it('loads the module, and runs its commands', async () => {
    const folder = await installedProject({ ...NEST_11, ...TYPES }, { isInstalled: false });
    const store = ['--store-dir', join(folder, 'store')];
    const options = [
      '--ignore-scripts',
      '--no-strict-peer-dependencies',
      '--config.auto-install-peers=false',
    ];
    await run(folder, 'npx', '--yes', '-p', 'pnpm@10.20.0', 'pnpm', 'install', ...store, ...options);
    const load = "console.log(typeof require('nest-stripe-config').PaymentsModule)";
    expect(await run(folder, process.execPath, '-e', load)).toBe('function\n');
    const ring = join(folder, 'ring.json');
    expect(await run(folder, 'node_modules/.bin/nest-stripe-config', 'keys', 'generate', ring)).toContain(
      'Made the key',
    );
  });
});

describe('the tarball', () => {
  it.each([
    ['attw', ['--exclude-entrypoints', 'ui']],
    // It is for browsers, which know ES modules alone.
    ['attw', ['--entrypoints', 'ui', '--profile', 'esm-only']],
    ['publint', []],
  ])('has no fault that %s finds %j', async (checker, options) => {
    await expect(run(ROOT, 'npx', '--no-install', checker, TARBALL, ...options)).resolves.toMatch(
      /No problems found|All good|ignoring resolutions: 'node10', 'node16-cjs'/,
    );
  });
});
