import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { DataSource, MigrationExecutor, type EntitySubscriberInterface, type QueryRunner } from 'typeorm';
import { lookForSchema, type Ask } from '../payments/database/schema-name.js';
import { SILENCE_MS, TABLE_WAIT_MS, takeMigrationLock } from '../payments/schema/migration-lock.js';
import { requireSchema } from '../payments/schema/schema-findings.js';
import { dataSourceOptions } from './data-source.js';
import { APPLICATION_NAME } from './application-name.js';
import { unlessAborted } from './unless-aborted.js';

/** Longest time for connecting to the database, or for its answer to an empty statement, in milliseconds. */
const ANSWER_MS = 5_000;
/** How often to check that the link still works while migrations run, in milliseconds. */
const BEAT_MS = 2_000;
/** Time limits of a migration. */
export interface MigrationOptions {
  /** Ends it at once, and rolls an unfinished migration back. */
  signal?: AbortSignal | undefined;
  /** How long to wait for another migration, in milliseconds. Default: 10,000. */
  lockWaitMs?: number | undefined;
  /** When the database ends a session that does not respond, in milliseconds. Default: 30,000. */
  silenceMs?: number | undefined;
}

/**
 * Brings the schema up to date. Replicas that start together wait for each other. A migration may take as long as it
 * needs; a dead link is still noticed.
 *
 * @returns the names of the migrations that were run
 * @throws MigrationLockHeld when another migration did not end in time
 * @throws SchemaFault when the database lacks something afterwards, or refuses something
 */
export async function migrate(url: string, options: MigrationOptions = {}): Promise<string[]> {
  return new Session(url, options).run(async (session) => {
    // Without a pending migration there is no need to wait for a lock.
    const done = (await session.isUpToDate())
      ? []
      : await session.underLock((dataSource) => dataSource.runMigrations());
    await requireSchema(session.ask);
    return done.map(({ name }) => name);
  });
}

/**
 * Reverts the newest migration.
 *
 * @returns its name, or undefined when there was none
 * @throws MigrationLockHeld when another migration did not end in time
 */
export async function revertMigration(
  url: string,
  options: MigrationOptions = {},
): Promise<string | undefined> {
  return new Session(url, options).run((session) =>
    session.underLock(async (dataSource) => {
      // Newest first.
      const [newest] = await new MigrationExecutor(dataSource).getExecutedMigrations();
      await dataSource.undoLastMigration();
      return newest?.name;
    }),
  );
}

/** A connection that holds the lock and watches the link, and the connections on which migrations run. */
class Session {
  private readonly sockets = new Set<Socket>();
  private readonly lost = new AbortController();
  private readonly ended: AbortSignal;
  private readonly silenceMs: number;
  private readonly lock: pg.Client;
  private readonly dataSource: DataSource;

  constructor(
    url: string,
    private readonly options: MigrationOptions,
  ) {
    const { signal } = options;
    this.ended = signal === undefined ? this.lost.signal : AbortSignal.any([signal, this.lost.signal]);
    this.silenceMs = options.silenceMs ?? SILENCE_MS;
    const limits = {
      connectionTimeoutMillis: ANSWER_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: BEAT_MS,
      stream: () => this.openSocket(),
    };
    this.lock = new pg.Client({
      ...limits,
      connectionString: url,
      application_name: APPLICATION_NAME,
      query_timeout: ANSWER_MS,
    });
    this.lock.on('error', ignore);
    this.dataSource = new DataSource({
      ...dataSourceOptions(url),
      // TypeORM itself would report a failed migration as a line of text on standard output.
      logger: 'debug',
      extra: { ...limits, max: 2 },
    });
  }

  /** Runs the work, and closes everything however it ends. */
  async run<T>(work: (session: this) => Promise<T>): Promise<T> {
    const cut = (): void => {
      for (const socket of this.sockets) socket.destroy();
    };
    this.ended.addEventListener('abort', cut);
    try {
      return await unlessAborted(this.connectAndDo(work), this.ended);
    } finally {
      if (!this.ended.aborted)
        await Promise.race([this.close(), delay(ANSWER_MS, undefined, { ref: false })]);
      cut();
    }
  }

  readonly ask: Ask = async (text, values) =>
    (await this.lock.query<Record<string, string>>(text, values)).rows;

  async isUpToDate(): Promise<boolean> {
    const { schema } = this.dataSource.options as { schema?: string };
    const table = schema === undefined ? 'migrations' : `${pg.escapeIdentifier(schema)}.migrations`;
    try {
      const { rows } = await this.lock.query<{ name: string }>(`SELECT name FROM ${table}`);
      const done = new Set(rows.map(({ name }) => name));
      const known = this.dataSource.options.migrations;
      return Array.isArray(known) && known.every((each) => typeof each === 'function' && done.has(each.name));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) return false;
      throw error;
    }
  }

  /** The lock belongs to a transaction, so it is released with the connection, however that ends, and works behind a pooler. */
  async underLock<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T> {
    await this.lock.query('BEGIN');
    await this.lock.query(`SET LOCAL idle_in_transaction_session_timeout = ${this.silenceMs}`);
    await takeMigrationLock(this.lock, this.options.lockWaitMs, this.ended);
    const done = new AbortController();
    const watching = this.watchLink(done.signal);
    try {
      await this.dataSource.initialize();
      this.dataSource.subscribers.push(new TransactionLimits(this.silenceMs));
      return await work(this.dataSource);
    } finally {
      done.abort();
      await watching;
    }
  }

  private async connectAndDo<T>(work: (session: this) => Promise<T>): Promise<T> {
    this.ended.throwIfAborted();
    await this.lock.connect();
    // TypeORM looks for its own table by the search path, which may have become another since the tables were made.
    const schema = await lookForSchema(this.ask);
    if (schema !== undefined) this.dataSource.setOptions({ schema });
    return work(this);
  }

  /** The lock's connection shares the link with the migration's, which may be silent for as long as a statement takes. */
  private async watchLink(done: AbortSignal): Promise<void> {
    while (!done.aborted) {
      try {
        await this.lock.query('SELECT 1');
      } catch (error) {
        this.lost.abort(error);
        return;
      }
      await delay(BEAT_MS, undefined, { signal: done, ref: false }).catch(ignore);
    }
  }

  private async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
    await this.lock.end();
  }

  private openSocket(): Socket {
    const socket = new Socket();
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    return socket;
  }
}

/** SQLSTATE (PostgreSQL manual, appendix A). */
const UNDEFINED_TABLE = '42P01';

/** Sets the limits of each migration's transaction inside of it, which works behind a pooler as well. */
class TransactionLimits implements EntitySubscriberInterface {
  constructor(private readonly silenceMs: number) {}

  async afterTransactionStart({ queryRunner }: { queryRunner: QueryRunner }): Promise<void> {
    await queryRunner.query(`SET LOCAL lock_timeout = ${TABLE_WAIT_MS}`);
    await queryRunner.query(`SET LOCAL idle_in_transaction_session_timeout = ${this.silenceMs}`);
  }
}

function ignore(): void {
  // Those who use the connection get its error; an interrupted pause is no fault.
}
