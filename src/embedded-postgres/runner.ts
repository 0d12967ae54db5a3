import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { promisify } from 'node:util';
import type { Binaries } from './binaries.js';
import { EmbeddedPostgresError, messageOf } from './errors.js';
import type { Paths } from './paths.js';

const NOBODY = 65534;
const execute = promisify(execFile);

/** How PostgreSQL's programs are run: as the current user, or as another one when that is root. */
export interface Runner {
  readonly prefix: readonly string[];
  readonly identity: { uid?: number; gid?: number };
  readonly signal: AbortSignal | undefined;
  readonly owner?: { uid: number; gid: number };
}

/** As the current user; root runs them as the owner of the cluster, with as many of its rights as the machine allows. */
export async function chooseRunner(
  paths: Paths,
  binaries: Binaries,
  signal: AbortSignal | undefined,
): Promise<Runner> {
  if (process.getuid?.() !== 0) return { prefix: [], identity: {}, signal };
  const owner = await clusterOwner(paths);
  const privileged: Runner = { prefix: setprivPrefix(owner), identity: {}, owner, signal };
  const works = await runToEnd(privileged, binaries.postgres, ['--version']).then(
    () => true,
    () => false,
  );
  if (works) return privileged;
  // Without the capability PostgreSQL's user must be able to traverse our folder; its contents stay closed.
  await fs.chmod(paths.dataDir, 0o711);
  return { prefix: [], identity: owner, owner, signal };
}

/** Keeps one capability, so that PostgreSQL can reach files below folders that are closed to its user. */
function setprivPrefix({ uid, gid }: { uid: number; gid: number }): string[] {
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    '--inh-caps=+dac_override',
    '--ambient-caps=+dac_override',
    // Otherwise access(2), with which PostgreSQL finds its programs, ignores the capability.
    '--securebits=+no_setuid_fixup',
    '--',
  ];
}

/** The folder may belong to an ordinary user, who should be able to use it again. */
async function clusterOwner({ cluster }: Paths): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await fs.stat(cluster).catch(() => ({ uid: 0, gid: 0 }));
  return uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid, gid };
}

/** Runs a program of PostgreSQL to its end, and returns its output. */
export async function runToEnd(runner: Runner, program: string, args: readonly string[]): Promise<string> {
  const [command, rest] = commandLine(runner, program, args);
  const options = { ...childOptions(runner), signal: runner.signal };
  const { stdout } = await execute(command, rest, options).catch((error: unknown) => {
    throw withAdvice(runner, messageOf(error), error);
  });
  return stdout;
}

export function commandLine(runner: Runner, program: string, args: readonly string[]): [string, string[]] {
  const [command = program, ...rest] = [...runner.prefix, program, ...args];
  return [command, rest];
}

export function childOptions(runner: Runner): {
  cwd: string;
  env: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
} {
  // PostgreSQL's user may not be allowed into our working folder.
  return { cwd: path.parse(process.cwd()).root, env: childEnvironment(), ...runner.identity };
}

/** Only what PostgreSQL needs: our own environment holds secrets. */
function childEnvironment(): NodeJS.ProcessEnv {
  // eslint-disable-next-line no-restricted-properties -- it is passed on to the programs of PostgreSQL, and no setting
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C', TZ: 'UTC' };
}

/** Fixes for messages of PostgreSQL. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /No space left on device/i,
    'The disk is full: make room, set DATA_DIR to another folder, or set DATABASE_URL.\n',
  ],
  [
    /Read-only file system/i,
    'The folder is read-only: set DATA_DIR to another folder, or set DATABASE_URL.\n',
  ],
  [
    /wrong ownership|EACCES|EPERM|permission denied/i,
    'The data folder belongs to another user: run as that user, set DATA_DIR to another folder, or set DATABASE_URL.\n',
  ],
];

/** An error with PostgreSQL's message, preceded by the fix where that is known. */
export function withAdvice(runner: Runner, message: string, cause?: unknown): EmbeddedPostgresError {
  const blocked = runner.owner !== undefined && /EACCES|EPERM|permission denied/i.test(message);
  const advice = blocked
    ? `PostgreSQL refuses to run as root, and user ${runner.owner.uid} may not reach its files: move the project and the data folder where every user may go, run as an ordinary user, or set DATABASE_URL.\n`
    : (ADVICE.find(([pattern]) => pattern.test(message))?.[1] ?? '');
  return new EmbeddedPostgresError(`${advice}${message}`, { cause });
}
