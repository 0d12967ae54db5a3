// `npm run test:ha`: runs the suite of high availability in namespaces of its own (network, mounts, processes), so that nothing
// of it is reachable from outside, and nothing is left when it ends, however that is. Its machines run Debian's packages from
// a folder that is made at the first run.
//
//   npm run test:ha                 each fault 20 times
//   HA_ROUNDS=1 npm run test:ha     each fault once, as CI does
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
/** Debian 13: its PgBouncer is the first of Debian's that keeps prepared statements apart in transaction mode. */
const SUITE = 'trixie';
const PACKAGES = ['patroni', 'etcd-server', 'python3-etcd', 'postgresql-17', 'pgbouncer', 'haproxy'];
const ROOT = `${PROJECT}node_modules/.cache/high-availability`;

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function has(program) {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
}

/** Makes the folder with Debian's packages; one that was cut off in the middle is made again. */
function makeRoot() {
  if (existsSync(ROOT)) return;
  const unfinished = `${ROOT}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(ROOT), { recursive: true });
  const made = spawnSync(
    'mmdebstrap',
    ['--mode=root', '--variant=apt', `--include=${PACKAGES.join(',')}`, SUITE, unfinished],
    { encoding: 'utf8' },
  );
  if (made.status !== 0) fail(`Debian's packages cannot be installed:\n${made.stderr}`);
  renameSync(unfinished, ROOT);
}

if (process.getuid?.() !== 0) fail('This makes network namespaces, so it must run as root.');
for (const [program, name] of [
  ['mmdebstrap', 'mmdebstrap'],
  ['unshare', 'util-linux'],
  ['ip', 'iproute2'],
]) {
  if (!has(program)) fail(`${program} is missing: install Debian's package ${name}.`);
}
makeRoot();

const jest = [
  process.execPath,
  '--experimental-vm-modules',
  '--no-warnings=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--config',
  'jest.ha.config.js',
  '--runInBand',
];
// The first process of a namespace must wait for those whose parents were killed: Patroni takes a PostgreSQL that nobody has
// waited for to be running. A shell does so.
const init = ['sh', '-c', '"$@"; exit $?', 'sh'];
const { status } = spawnSync(
  'setpriv',
  // Also when this is killed.
  [
    '--pdeathsig',
    'KILL',
    'unshare',
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...init,
    ...jest,
    ...process.argv.slice(2),
  ],
  { cwd: PROJECT, stdio: 'inherit', env: { ...process.env, HA_ROOT: ROOT } },
);
process.exitCode = status ?? 1;
