/** Injection token of the module's {@link Database}. */
export const PAYMENTS_DATABASE = Symbol('PaymentsDatabase');

/** A pool of connections of `pg`, as much of it as is asked for before it is used. */
export interface HostPool {
  connect(): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  readonly totalCount: number;
}

/** A data source of TypeORM, as much of it as is asked for before it is used. */
export interface HostDataSource {
  readonly options: object;
  readonly isInitialized: boolean;
  createQueryRunner(): object;
}

/** The database of a host with another library: what `drizzleDatabase(…)` and `prismaDatabase(…)` make. */
export interface AdaptedDatabase {
  /** For the module alone. */
  readonly adapter: object;
}

/** How a host names its database. */
export type HostDatabase =
  | {
      /** TypeORM's. */
      dataSource: HostDataSource;
    }
  | {
      /** A pool of `pg`, which stays the host's: the module never ends it. */
      pool: HostPool;
      /** The schema of the module's tables. Default: the one in which they are found. */
      schema?: string | undefined;
    }
  | AdaptedDatabase;

/** What the start check says about a database that is not as it should be. */
export interface DatabaseAdvice {
  /** The option that names the database. */
  option: string;
  /** How to make the tables. */
  migrate: string;
  /** How to make what some of the tables lack. */
  complete: string;
  /** What is wrong with how the host uses it, each with its fix. */
  faults(): string[] | Promise<string[]>;
}

/** Runs statements in one transaction. */
export interface Session {
  readonly database: Database;
  /** Reads rows as {@link RESULT_TYPES} does. */
  query(statement: { text: string; values?: unknown[] }): Promise<unknown[]>;
}

/** A transaction of the module's own. It is committed or rolled back, and then released. */
export interface OpenTransaction extends Session {
  /** The transaction as the host's own code knows it. */
  readonly handle: object;
  /** Its connection, a `PoolClient` of `pg`. */
  readonly client: object;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
  release(): void | Promise<void>;
}

/** The host's database: the one thing that differs between the libraries by which hosts reach PostgreSQL. */
export interface Database {
  /** Its connections, for everything that needs no transaction of the host's; undefined until the host has opened them. */
  readonly pool: HostPool | undefined;
  /** The schema of the module's tables, where the host names one. */
  readonly schema: string | undefined;
  readonly advice: DatabaseAdvice;
  /** Begins a transaction as the host's library does. */
  begin(): Promise<OpenTransaction>;
  /**
   * Takes part in a transaction that the host has begun.
   *
   * @param handle as the host's own code knows it
   * @throws ExplainedError when it is none of this database
   */
  join(handle: unknown): Promise<Session>;
}
