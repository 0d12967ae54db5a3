import { readFileSync } from 'node:fs';
import { posix, join } from 'node:path';
import ts from 'typescript';
import { cleanUp, temporaryFolder } from '../support/process.js';
import { run } from '../support/run.js';
import { TARBALL, installedProject, readManifest, type Manifest } from './installed.js';

const ROOT_MANIFEST = readManifest('package.json');

/** What the commands need of the service: its settings and its ways to the database. */
const SERVICE_FILES = [
  'dist/app/data-folder.js',
  'dist/app/application-name.js',
  'dist/app/command-database.js',
  'dist/app/env.js',
  'dist/app/projects/project-limit.js',
  'dist/app/requests-at-once.js',
  'dist/app/settings/auth-setting-list.js',
  'dist/app/settings/auth-settings.js',
  'dist/app/settings/browser-setting-list.js',
  'dist/app/settings/command-settings.js',
  'dist/app/settings/database-url.js',
  'dist/app/settings/environment.js',
  'dist/app/settings/key-ring-settings.js',
  'dist/app/settings/request-id-header.js',
  'dist/app/settings/schemas.js',
  'dist/app/settings/setting-list.js',
  'dist/app/settings/settings.js',
  'dist/app/settings/sign-in-client-settings.js',
  'dist/app/settings/telemetry-setting-list.js',
  'dist/app/settings/telemetry-settings.js',
  'dist/app/settings/token-secret.js',
  'dist/app/settings/unsaid-development.js',
  'dist/embedded-postgres/errors.js',
];

/**
 * Packages that are needed though no file imports them: what the others build on must be the host's own copy, and adapters take what
 * the host's library has made.
 */
const BUILT_UPON = ['reflect-metadata', 'drizzle-orm', '@prisma/client', '@prisma/adapter-pg'];

/** Packages of the service, or of one kind of host, that no other host should be made to install. */
const SERVICE_ONLY =
  /fastify|express|pino|throttler|embedded-postgres|^@fastify\/|^jsonwebtoken$|^@nestjs\/testing$/;

describe('the tarball', () => {
  let folder: string;
  let files: string[];
  let manifest: Manifest;

  const textOf = (file: string) => readFileSync(join(folder, 'package', file), 'utf8');
  const modules = () => files.filter((file) => /\.(?:m?js|d\.m?ts)$/.test(file));
  const importsOf = (file: string) =>
    ts.preProcessFile(textOf(file), true, true).importedFiles.map(({ fileName }) => fileName);
  const packagesOf = (file: string) =>
    importsOf(file)
      .filter((imported) => !imported.startsWith('.') && !imported.startsWith('node:'))
      .map((imported) => imported.split('/', imported.startsWith('@') ? 2 : 1).join('/'));

  beforeAll(async () => {
    folder = await temporaryFolder();
    await run(folder, 'tar', 'xzf', TARBALL);
    files = (await run(folder, 'tar', 'tzf', TARBALL))
      .trim()
      .split('\n')
      .map((file) => file.replace(/^package\//, ''))
      .sort();
    manifest = JSON.parse(textOf('package.json')) as Manifest;
  });

  afterAll(cleanUp);

  it('holds the library, its commands, and what describes them', () => {
    const others = files.filter(
      (file) => !/^dist\/(?:payments|testing)\/.+(?<!\.spec)\.(?:js|d\.ts)$/.test(file),
    );
    expect(others).toEqual(
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'collection.json',
        'dist/cli/commands/audit.js',
        'dist/cli/commands/audit/checkpoint-file.js',
        'dist/cli/commands/audit/checkpoint-keys.js',
        'dist/cli/commands/audit/export.js',
        'dist/cli/commands/audit/verify.js',
        'dist/cli/commands/import.js',
        'dist/cli/commands/import/key-verifier.js',
        'dist/cli/commands/import/sources.js',
        'dist/cli/commands/package-migrate.js',
        'dist/cli/commands/keys.js',
        'dist/cli/commands/keys/change-ring.js',
        'dist/cli/commands/keys/count-values.js',
        'dist/cli/commands/keys/ring-file.js',
        'dist/cli/commands/keys/status.js',
        'dist/cli/commands/keys/stored-values.js',
        'dist/cli/fault.js',
        'dist/cli/migration-fault.js',
        'dist/cli/nest-stripe-config.js',
        'dist/cli/open-database.js',
        'dist/cli/package-commands.js',
        'dist/cli/progress.js',
        'dist/cli/program.js',
        'dist/drizzle.d.ts',
        'dist/drizzle.js',
        'dist/prisma.d.ts',
        'dist/prisma.js',
        'dist/index.d.ts',
        'dist/typeorm.d.ts',
        'dist/typeorm.js',
        'dist/index.js',
        'dist/node-version.js',
        'dist/schematics/app-module.js',
        'dist/schematics/generated-files.js',
        'dist/schematics/nest-add.js',
        'docs/access.md',
        'dist/ui/stripe-settings.d.mts',
        'dist/ui/stripe-settings.js.LEGAL.txt',
        'dist/ui/stripe-settings.mjs',
        'docs/deployment.md',
        'docs/embedding.md',
        'docs/engines.md',
        'docs/errors.md',
        'docs/http-api.md',
        'docs/metrics.md',
        'docs/operations.md',
        'docs/page.md',
        'docs/performance.md',
        'docs/reliability.md',
        'docs/security.md',
        'docs/settings-element.md',
        'docs/settings.md',
        'docs/upgrading.md',
        'package.json',
        ...SERVICE_FILES,
      ].sort(),
    );
  });

  it('holds every file that its files import, and none that nothing imports', () => {
    const imported = modules().flatMap((file) =>
      importsOf(file)
        .filter((each) => each.startsWith('.'))
        .map((each) => posix.join(posix.dirname(file), each))
        .map((each) => (file.endsWith('.d.ts') ? each.replace(/\.js$/, '.d.ts') : each)),
    );
    const entries = [
      ...Object.values(manifest.exports).flatMap((each) =>
        typeof each === 'string' ? [] : Object.values(each),
      ),
      ...Object.values(manifest.bin),
      './dist/schematics/nest-add.js',
    ].map((entry) => posix.normalize(entry));
    expect([...new Set([...imported, ...entries])].sort()).toEqual(modules());
  });

  it('points to no map', () => {
    expect(modules().filter((file) => textOf(file).includes('sourceMappingURL'))).toEqual([]);
  });

  it('declares each package that it imports, and no other', () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    const imported = new Set(modules().flatMap(packagesOf));
    expect(imported).toContain('typeorm');
    expect(declared.sort()).toEqual([...imported, ...BUILT_UPON].sort());
  });

  it('has types that need no packages of types', () => {
    const typed = files.filter((file) => file.endsWith('.d.ts')).flatMap(packagesOf);
    expect(typed).toContain('stripe');
    expect(
      typed.filter(
        (name) => `@types/${name.replace('@', '').replace('/', '__')}` in ROOT_MANIFEST.devDependencies,
      ),
    ).toEqual([]);
  });

  it('needs nothing that only the service needs', () => {
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
    expect(declared.filter((name) => SERVICE_ONLY.test(name))).toEqual([]);
  });

  it('has the versions that the project is tested with', () => {
    expect(manifest.version).toBe(ROOT_MANIFEST.version);
    const tested = Object.keys(manifest.dependencies).map((name) => [
      name,
      `^${ROOT_MANIFEST.dependencies[name] ?? ''}`,
    ]);
    expect(manifest.dependencies).toEqual(Object.fromEntries(tested));
  });

  it('has no scripts', () => {
    expect(manifest.scripts).toBeUndefined();
  });
});

describe('the installed package', () => {
  let folder: string;

  const load = (how: string) =>
    run(folder, process.execPath, '--no-warnings', '--input-type=module', '-e', how);

  beforeAll(async () => {
    folder = await installedProject({});
  });

  afterAll(cleanUp);

  it('brings no package with an install script, and none of the service alone', () => {
    const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    const packages = Object.entries(lock.packages).map(([path, { hasInstallScript }]) => ({
      name: path.replace(/^.*node_modules\//, ''),
      hasInstallScript,
    }));
    expect(packages.map(({ name }) => name)).toContain('stripe');
    expect(
      packages.filter(({ name }) => /^(?:fastify|pino|@fastify\/|@nestjs\/platform-)/.test(name)),
    ).toEqual([]);
    // It counts installations of what @nestjs/swagger brings; nothing needs it.
    const counter = '@scarf/scarf';
    expect(packages.filter(({ name, hasInstallScript }) => hasInstallScript && name !== counter)).toEqual([]);
  });

  it.each(['import(name)', 'require(name)'])('gives its public face, by name, to %s', async (how) => {
    const said = await load(`
      import { createRequire } from 'node:module';
      const require = createRequire(process.cwd() + '/');
      for (const name of ['nest-stripe-config', 'nest-stripe-config/migrations', 'nest-stripe-config/testing', 'nest-stripe-config/drizzle', 'nest-stripe-config/prisma']) {
        // What Node adds to a CommonJS module that is imported, 'module.exports' since Node 23.
        const added = ['default', '__esModule', 'module.exports'];
        console.log(Object.keys(await ${how}).filter((key) => !added.includes(key)).join(' '));
      }
    `);
    expect(said).toMatch(
      /^(?=.*\bPaymentsModule\b)(?=.*\bStripeClients\b).*\npaymentsMigrations\n(?=.*\boverridePaymentsModule\b).*\ndrizzleDatabase\nprismaDatabase\n$/,
    );
  });

  it.each(['dist/index.js', 'dist/payments/crypto/sealer.js', 'dist/cli/nest-stripe-config.js'])(
    'refuses %s',
    async (file) => {
      await expect(load(`await import('nest-stripe-config/${file}')`)).rejects.toThrow(
        'ERR_PACKAGE_PATH_NOT_EXPORTED',
      );
    },
  );
});
