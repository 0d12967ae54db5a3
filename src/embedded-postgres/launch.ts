import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { HOST } from './connection.js';
import type { Context } from './context.js';
import type { Paths } from './paths.js';
import type { Server } from './postmaster.js';
import { endWithProcess } from './process-exit.js';
import { childOptions, commandLine } from './runner.js';

const LOG_TAIL_CHARS = 2_000;

/** A server that this process has started. */
export interface LaunchedServer extends Server {
  /** Why the process ended; undefined while it lives. */
  ended(): string | undefined;
  /** What PostgreSQL logged since this launch. */
  logTail(): Promise<string>;
}

/** Starts a server on the folder, and does not wait until it serves. */
export async function launch(context: Context): Promise<LaunchedServer> {
  const { paths, runner, binaries } = context;
  const port = await freePort();
  const [command, args] = commandLine(runner, binaries.postgres, serverArguments(paths, port));
  const log = await fs.open(paths.log, 'a', 0o600);
  try {
    const { size } = await log.stat();
    const stdio = ['ignore' as const, log.fd, log.fd];
    // A session of its own: Ctrl-C in our terminal must reach only this process, which then shuts it down.
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
