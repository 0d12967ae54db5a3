import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fakeCredential } from '../support/credentials.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ROOT, cleanUp, runProgram, temporaryFolder, waitForOutput } from '../support/process.js';
import { run } from '../support/run.js';
import { configPath, testClient } from '../support/service.js';
import { TARBALL, install, type Manifest } from './installed.js';

// An application as `nest new` makes it, by Nest's own CLI.

const CLI = { '@nestjs/cli': '12.0.8' };
/** What has nothing to do with building and starting, and takes long to install. */
const NOT_NEEDED = /mau|vitest|vite|oxlint|prettier|supertest|coverage|^@nestjs\/testing$/;

const PROJECT = randomUUID();

/** What a developer fills in. */
const FILLED_IN = [
  ['    return false;', '    _context.switchToHttp().getRequest().user = { id: "alice" };\n    return true;'],
  [
    'return Promise.resolve(undefined);',
    `return Promise.resolve(_projectId === '${PROJECT}' ? 'alice' : undefined);`,
  ],
] as const;

/** How many lines a developer writes, where the shops are in a table: the guide says it. */
const WRITTEN_LINES = 19;

const TYPEORM = { '@nestjs/typeorm': '12.0.2', pg: '8.23.1', typeorm: '1.1.1' };

describe.each([
  ['with a pool of its own', {}],
  ['with TypeORM', TYPEORM],
])('nest add nest-stripe-config %s', (_what, packages: Record<string, string>) => {
  let database: TestDatabase;
  let folder: string;

  const nest = (...parts: string[]) => run(folder, 'npx', '--no-install', 'nest', ...parts);
  const textOf = (file: string) => readFile(join(folder, file), 'utf8');

  async function everything(): Promise<Record<string, string>> {
    const files = [...(await readdir(join(folder, 'src'), { recursive: true })).map((file) => `src/${file}`)]
      .filter((file) => file.endsWith('.ts'))
      .concat('.env', '.gitignore', 'package.json');
    return Object.fromEntries(
      await Promise.all(files.map(async (file) => [file, await textOf(file)] as const)),
    );
  }

  /** Builds and starts it, and puts a key. */
  async function put(): Promise<number> {
    await nest('build');
    const host = runProgram(
      join(folder, 'dist/main.js'),
      [],
      { DATABASE_URL: database.url, PORT: '0' },
      folder,
    );
    const client = testClient(await waitForOutput(host, /listening at (http:\/\/[\w.:[\]]+)/));
    const body = { test_secret_key: fakeCredential('test_secret_key') };
    const { status } = await client.request('PUT', configPath(PROJECT), {
      body,
      headers: { 'x-user': 'alice' },
    });
    await host.stop();
    return status;
  }

  beforeAll(async () => {
    database = await createTestDatabase();
    const root = await temporaryFolder();
    await writeFile(join(root, 'package.json'), JSON.stringify({ private: true, dependencies: CLI }));
    await install(root);
    await run(
      root,
      'npx',
      '--no-install',
      'nest',
      'new',
      'host',
      '--skip-install',
      '--skip-git',
      '-p',
      'npm',
      '-l',
      'ts',
    );
    folder = join(await temporaryFolder(), 'host');
    await mkdir(folder);
    await run(root, 'cp', '-R', 'host/.', folder);
    await copyFile(TARBALL, join(folder, basename(TARBALL)));
    const manifest = JSON.parse(await textOf('package.json')) as Manifest;
    const development = Object.entries(manifest.devDependencies);
    manifest.devDependencies = Object.fromEntries(development.filter(([name]) => !NOT_NEEDED.test(name)));
    Object.assign(manifest.dependencies, packages, {
      'nest-stripe-config': `file:${basename(TARBALL)}`,
    });
    await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
    await install(folder);
    const settings = (await textOf('tsconfig.json')).replace('"vitest/globals", ', '');
    await writeFile(join(folder, 'tsconfig.json'), settings);
    const main = await textOf('src/main.ts');
    await writeFile(
      join(folder, 'src/main.ts'),
      main.replace(/(await app\.listen\([^;]*;)/, '$1\n  console.log(`listening at ${await app.getUrl()}`);'),
    );
    if ('typeorm' in packages) {
      const options = `TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL })`;
      const app = (await textOf('src/app.module.ts')).replace('imports: []', `imports: [${options}]`);
      await writeFile(
        join(folder, 'src/app.module.ts'),
        `import { TypeOrmModule } from '@nestjs/typeorm';\n${app}`,
      );
    }
    await nest('add', 'nest-stripe-config', '--skip-install');
  });

  afterAll(async () => {
    await cleanUp();
    await database.drop();
  });

  it('keeps the key ring out of the repository, and its text out of what it says', async () => {
    expect((await textOf('.gitignore')).split('\n')).toContain('.env');
    expect(await textOf('.env')).toMatch(/^KEY_RING=[\w+/=]{100,}$/m);
    expect(await textOf('src/app.module.ts')).toMatch(/imports: \[PaymentsSetupModule/);
  });

  it('changes nothing when it is run again', async () => {
    const before = await everything();
    await nest('add', 'nest-stripe-config', '--skip-install');
    expect(await everything()).toEqual(before);
  });

  it('leaves an application that starts and refuses everybody, until it says who owns what', async () => {
    expect(await put()).toBe(403);
    const file = 'src/payments/project-access.ts';
    const stub = await textOf(file);
    const filled =
      'typeorm' in packages
        ? await readFile(join(ROOT, 'package/consumers/project-access.ts'), 'utf8')
        : FILLED_IN.reduce((text, [from, to]) => text.replace(from, to), stub);
    await writeFile(join(folder, file), filled);
    // As the guide counts them.
    const known = new Set(stub.split('\n'));
    const written = filled.split('\n').filter((line) => !known.has(line));
    if ('typeorm' in packages) expect(written).toHaveLength(WRITTEN_LINES);
    await database.query('CREATE TABLE shops (id uuid, owner text, name text, created_at timestamptz(3))');
    await database.query("INSERT INTO shops VALUES ($1, 'alice', 'Tea', now())", [PROJECT]);
    expect(await put()).toBe(200);
  });
});
