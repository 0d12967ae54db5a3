import type { DataSource } from 'typeorm';

/** The program around commands: the service, or an application that has the module. */
export interface CommandHost {
  /** What its users type to run a command such as `keys rewrap`. */
  callOf(command: string): string;
  /** Lends a command the database, whose tables are there, without the time limits of requests. */
  withDataSource<T>(work: (dataSource: DataSource) => Promise<T>): Promise<T>;
}
