import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';
import { TEST_SECRET, testClient, type TestClient } from './service.js';

/** The folder of the project. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Longest a shutdown may take, as documented, in milliseconds. */
const STOP_LIMIT_MS = 10_000;

export type Settings = Record<string, string | undefined>;

/** A program in a process of its own. */
export interface TestProcess {
  readonly pid: number;
  /** What it has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** The exit code, or the signal that ended it; undefined while it runs. */
  readonly ended: number | NodeJS.Signals | undefined;
  /** Waits until it ends. */
  exit(): Promise<number | NodeJS.Signals>;
  /** Signals it and waits until it ends. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** The built service in a process of its own. */
export interface ServiceProcess extends TestProcess, TestClient {
  readonly url: string;
}

const started: TestProcess[] = [];
const folders: string[] = [];

/** Kills whatever still runs and removes the folders: for `afterEach` or `afterAll`. */
export async function cleanUp(): Promise<void> {
  await Promise.all(started.splice(0).map((each) => each.stop('SIGKILL')));
  await Promise.all(
    folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 10 })),
  );
}

/** An empty folder, removed by {@link cleanUp}. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stripe-config-spec-'));
  folders.push(folder);
  return folder;
}

/** The settings of a service on a given database that knows the test tokens. */
export function serviceSettings(databaseUrl: string, keyRingFile: string, more: Settings = {}): Settings {
  return {
    NODE_ENV: 'development',
    PORT: '0',
    DATABASE_URL: databaseUrl,
    KEY_RING_FILE: keyRingFile,
    AUTH_JWT_SECRET: TEST_SECRET.toString(),
    ...more,
  };
}

/** A data folder that is not there and cannot be made: nothing is found that somebody has under the usual one. */
const NO_DATA = '/dev/null/data';

/**
 * Runs a program of the project.
 *
 * @param script from the project's folder
 * @param settings its whole environment, apart from PATH, HOME and a DATA_DIR
 */
export function runProgram(
  script: string,
  args: readonly string[],
  settings: Settings,
  folder = ROOT,
): TestProcess {
  const { PATH, HOME } = process.env;
  const child = spawn(process.execPath, [script, ...args], {
    cwd: folder,
    env: { PATH, HOME, DATA_DIR: NO_DATA, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  let ended: number | NodeJS.Signals | undefined;
  const closed = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      ended = code ?? signal ?? 'SIGKILL';
      resolve(ended);
    });
  });
  const program: TestProcess = {
    pid: child.pid ?? 0,
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    get ended() {
      return ended;
    },
    exit: () => closed,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const overdue = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      return closed.finally(() => {
        clearTimeout(overdue);
      });
    },
  };
  started.push(program);
  return program;
}

/** Runs a command of the project, `dist/cli/<name>.js`, to its end. */
export async function runCommand(
  name: string,
  args: readonly string[],
  settings: Settings = {},
): Promise<Pick<TestProcess, 'stdout' | 'stderr'> & { code: number | NodeJS.Signals }> {
  const command = runProgram(`dist/cli/${name}.js`, args, settings);
  return { code: await command.exit(), stdout: command.stdout, stderr: command.stderr };
}

/**
 * Starts the built service and waits until it serves: whatever it needs is there.
 *
 * @param command what starts it, as arguments of Node
 */
export async function startServiceProcess(
  settings: Settings,
  command?: readonly string[],
): Promise<ServiceProcess> {
  const service = await startListeningProcess(settings, command);
  await waitForOutput(service, /("event":"service.ready")/);
  return service;
}

/** Starts the built service and waits until it listens, ready or not. */
export async function startListeningProcess(
  settings: Settings,
  [script = 'dist/main.js', ...args]: readonly string[] = [],
): Promise<ServiceProcess> {
  const program = runProgram(script, args, settings);
  const url = await waitForOutput(program, /Server listening at (http:\/\/[\w.:]+)/);
  // A spread would read the getters once and for all.
  return Object.assign(program, { url }, testClient(url));
}

/** Waits until a program has written what the pattern's first group matches. */
export async function waitForOutput(program: TestProcess, pattern: RegExp): Promise<string> {
  return eventually(`output like ${pattern.source}`, () => {
    const found = pattern.exec(program.stdout)?.[1];
    if (found === undefined && program.ended !== undefined) {
      throw new Error(`ended with ${program.ended}:\n${program.stdout}${program.stderr}`);
    }
    return found;
  });
}

/** The lines of a program's log. */
export function logOf({ stdout }: TestProcess): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
