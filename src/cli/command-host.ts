import type { Database } from '../payments/database/database.js';

/** The program around commands: the service, or an application that has the module. */
export interface CommandHost {
  /** What its users type to run a command such as `keys rewrap`. */
  callOf(command: string): string;
  /** Lends a command the database, whose tables are there, without the time limits of requests. */
  withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /** Verifies the trails of the program's own tables. Left out: it has none. */
  findOwnTrailFaults?(database: Database): Promise<OwnTrailFault[]>;
}

/** Where a trail of the program's own is not what was written. */
export interface OwnTrailFault {
  projectId: string;
  version: number;
  /** Which trail. */
  trail: string;
  fault: string;
}
