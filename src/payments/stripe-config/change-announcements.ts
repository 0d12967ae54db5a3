import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import pg, { type Client } from 'pg';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { withinDeadline } from '../common/deadline.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { runStatement } from '../database/run-statement.js';
import { poolOf } from '../database/pool.js';
import { RepeatedFault } from '../database/repeated-fault.js';
import { Gauges } from '../options/gauges.js';
import { outsideTraces } from '../telemetry/tracing.js';
import { ExplainedError } from '../domain/explained-error.js';
import { NOTIFY } from './stripe-config.statements.js';

const LISTEN = 'LISTEN stripe_config_changed';
/** Also announces a change of no project, which shows whether announcements arrive. As `NOTIFY`, it waits for no disk. */
const LISTEN_AND_TRY = `${LISTEN}; SELECT set_config('synchronous_commit', 'off', true), pg_notify('stripe_config_changed', '')`;
/** Longest wait for a connection or an answer of the database, in milliseconds. */
const ANSWER_MS = 3_000;
/** How often to check that the connection still works, in milliseconds. */
const CHECK_MS = 30_000;
/** How long to wait before connecting again, in milliseconds: twice as long after each failure. */
const MIN_PAUSE_MS = 250;
const MAX_PAUSE_MS = 10_000;
/** How long changes are gathered before they are announced together, in milliseconds. */
const GATHER_MS = 25;
/** How long a connection may take to end, in milliseconds. */
const END_MS = 1_000;

/**
 * Announces to the other replicas, through the database (LISTEN and NOTIFY), which configurations were changed here, and
 * receives their announcements. It listens on a connection of its own, outside the pool, so that it takes none from the
 * host. An announcement is sent after the change has been committed, and may be lost: listeners must also compare
 * versions themselves.
 */
@Injectable()
export class ChangeAnnouncements implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new PaymentsLogger(ChangeAnnouncements.name);
  private readonly listeners: ((projectId: string | undefined) => void)[] = [];
  private readonly stopped = new AbortController();
  private running = Promise.resolve();
  private pauseMs = MIN_PAUSE_MS;
  private readonly fault = new RepeatedFault(
    this.logger,
    'config_listener.disconnected',
    'config_listener.connected',
  );

  /** The projects to announce; those that change while an announcement is being sent go into the next one together. */
  private readonly changed = new Set<string>();
  private announcing: Promise<void> | undefined;
  private readonly unannounced = new RepeatedFault(
    this.logger,
    'config_announcements.failed',
    'config_announcements.recovered',
  );

  private isConnected = false;

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    gauges: Gauges,
  ) {
    gauges.watch('stripe_config.listener.connected', () => [[this.isConnected ? 1 : 0, {}]]);
  }

  /** @param listener called with the project; undefined: changes may have been missed */
  subscribe(listener: (projectId: string | undefined) => void): void {
    this.listeners.push(listener);
  }

  onApplicationBootstrap(): void {
    this.running = this.listenUntilStopped();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopped.abort();
    await Promise.all([this.running, this.announcing]);
  }

  private async listenUntilStopped(): Promise<void> {
    const { signal } = this.stopped;
    while (!signal.aborted) {
      try {
        await this.listen();
      } catch (error) {
        this.report(error);
      }
      await delay(this.pauseMs, undefined, { ref: false, signal }).catch(ignore);
      this.pauseMs = Math.min(this.pauseMs * 2, MAX_PAUSE_MS);
    }
  }

  /** Listens until the connection is lost or this is stopped; always rejects. */
  private async listen(): Promise<void> {
    const client = clientOutsidePool(this.database);
    const lost = new AbortController();
    client.on('notification', ({ payload }) => {
      if (payload !== '') this.notify(payload);
    });
    // The second may come without the first.
    for (const event of ['error', 'end'] as const) {
      client.on(event, (error?: Error) => {
        lost.abort(error);
      });
    }
    const signal = AbortSignal.any([lost.signal, this.stopped.signal]);
    try {
      await client.connect();
      // Does not keep the process of a host alive that forgets to close its application.
      client.unref();
      await requireOwnSession(client);
      await listenAndTry(client, signal);
      this.pauseMs = MIN_PAUSE_MS;
      this.fault.worked();
      this.isConnected = true;
      this.notify(undefined);
      for (;;) {
        await delay(CHECK_MS, undefined, { ref: false, signal });
        // A repeated LISTEN changes nothing, and shows whether the server still answers.
        await client.query(LISTEN);
      }
    } finally {
      this.isConnected = false;
      if (!lost.signal.aborted) {
        // Otherwise the process may end here, before a host has run what follows close().
        client.ref();
        await Promise.race([client.end(), delay(END_MS, undefined, { ref: false })]);
      }
    }
  }

  private report(error: unknown): void {
    if (this.stopped.signal.aborted) return;
    const cause = error instanceof Error && error.name === 'AbortError' ? error.cause : error;
    this.fault.failed(cause);
  }

  /** Reports a changed configuration: at once to the listeners in this process, and soon to the other replicas. */
  announce(projectId: string): void {
    this.notify(projectId);
    this.changed.add(projectId);
    this.announcing ??= outsideTraces(() => this.sendAnnouncements());
  }

  private async sendAnnouncements(): Promise<void> {
    while (this.changed.size > 0) {
      await delay(GATHER_MS, undefined, { ref: false, signal: this.stopped.signal }).catch(ignore);
      const ids = [...this.changed];
      this.changed.clear();
      try {
        // It stores nothing, so it does not count among the writes.
        await runStatement(this.database, 'read', NOTIFY, { project_ids: ids });
        this.unannounced.worked();
      } catch (error) {
        this.unannounced.failed(error);
      }
    }
    this.announcing = undefined;
  }

  private notify(projectId: string | undefined): void {
    for (const listener of this.listeners) listener(projectId);
  }
}

/**
 * A pooler in transaction mode would let LISTEN pass, and its connection to the server would listen for ever after, whoever
 * uses it. A pooler names another process to its clients than the server's.
 *
 * @throws ExplainedError when a pooler stands between
 */
async function requireOwnSession(client: ReferencedClient): Promise<void> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  if (rows[0]?.pid !== client.processID) {
    throw new ExplainedError(
      'a pooler stands before the database, so changes of other replicas are found by comparing, within five seconds; for less give the address of the database itself',
    );
  }
}

/**
 * Some engines take LISTEN and NOTIFY, and deliver nothing.
 *
 * @throws ExplainedError when its own announcement does not arrive
 */
async function listenAndTry(client: ReferencedClient, signal: AbortSignal): Promise<void> {
  const arrived = withinDeadline(
    ANSWER_MS,
    (late) => once(client, 'notification', { signal: AbortSignal.any([signal, late]) }),
    () =>
      new ExplainedError(
        'the database delivers no notifications, so changes of other replicas are found by comparing, within five seconds; for less take an engine that has LISTEN and NOTIFY',
      ),
  );
  // The statement may fail first, and tell more.
  arrived.catch(ignore);
  await client.query(LISTEN_AND_TRY);
  await arrived;
}

/** What the typings of `pg` leave out. */
interface ReferencedClient extends Client {
  /** As it was named when the connection was opened. */
  readonly processID: number;
  ref(): void;
  unref(): void;
}

/** A connection with the settings of the pool's. */
function clientOutsidePool(database: Database): ReferencedClient {
  const { options } = poolOf(database);
  return new pg.Client({
    ...options,
    // The pool makes it non-enumerable, so the spread lacks it.
    password: options.password,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
  }) as ReferencedClient;
}

function ignore(): void {
  // The pause was cut short, or the error is awaited later.
}
