import * as fs from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import { Client } from 'pg';
import { discard, ensureDatabase, letProcessEnd, newClient } from './connection.js';
import type { Context } from './context.js';
import { EmbeddedPostgresError, FolderInUseError, hasCode, messageOf } from './errors.js';
import { launch, type LaunchedServer } from './launch.js';
import type { Paths } from './paths.js';
import { isNamedBy, readPostmaster, type Server } from './postmaster.js';
import { endWithProcess, outliving } from './process-exit.js';
import { withAdvice } from './runner.js';
import { shutDown, shutDownLaunched } from './shutdown.js';

/** Constant key of the advisory lock, in database `postgres`, that marks the owner of a data folder. */
const OWNER_LOCK_KEY = 1_937_011_305;

const START_LIMIT_MS = 60_000;
const POLL_MS = 50;
const LAUNCH_ATTEMPTS = 20;
const LAUNCH_PAUSE_MS = 250;

/** PostgreSQL runs but accepts no connections: starting, recovering or shutting down. */
const PASSING_STATES = new Set(['57P01', '57P02', '57P03', '53300']);
const WRONG_PASSWORD = '28P01';
/** A postmaster's messages when another one uses the folder, is still shutting down, or took the port. */
const LOST_RACE = /lock file "postmaster\.pid"|shared memory block|TCP\/IP sockets/;

/** A server whose data folder this process owns. */
export interface OwnedServer {
  readonly server: Server;
  /** Holds the owner's lock for as long as it is connected. */
  readonly lock: Client;
}

/** Adopts the server that runs on the folder, or launches one; tries until this process owns either. */
export async function takeOwnership(context: Context): Promise<OwnedServer> {
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

/** Shuts the server down and waits until it is gone. */
export async function stopOwned(paths: Paths, { server, lock }: OwnedServer): Promise<void> {
  // The lock is held until PostgreSQL itself drops it: no process may adopt a server that is shutting down.
  await shutDown(paths, server);
  discard(lock);
}

function startFailure(context: Context, launched: LaunchedServer, tail: string): EmbeddedPostgresError {
  const { cluster, log } = context.paths;
  return withAdvice(
    context.runner,
    `PostgreSQL did not start in ${cluster}: it ${launched.ended() ?? 'is gone'}. The end of ${log}:\n${tail}`,
  );
}

/** Undefined when the server does not answer as ours: then PostgreSQL's own lock decides. */
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
    // Another start may have adopted the server we launched: then that start stops it.
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

function isPassing(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && PASSING_STATES.has(code);
}

/** The connection that holds the owner's lock, or why it could not be acquired. */
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

/** A copied data folder contains a pid file and a password that match the server of the original. */
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
