import type { ChainEnd, ChainFault, FoundChainEnd } from '../payments/audit/audit-chains.js';
import type { Database } from '../payments/database/database.js';

/** The program around commands: the service, or an application that has the module. */
export interface CommandHost {
  /** What its users type to run a command such as `keys rewrap`. */
  callOf(command: string): string;
  /** Lends a command the database, whose tables are there, without the time limits of requests. */
  withDatabase<T>(work: (database: Database) => Promise<T>): Promise<T>;
  /** A trail of the program's own tables. Left out: it has none. */
  readonly ownTrail?: OwnTrail;
}

/** A trail beside that of configurations: a chain of hashes for each project. */
export interface OwnTrail {
  /** What it is called in checkpoints and faults. */
  readonly name: string;
  /** Verifies it by itself. */
  findFaults(database: Database): Promise<OwnTrailFault[]>;
  /** How many chains it has. */
  countChains(database: Database): Promise<number>;
  /** The ends of all its chains, in batches. None is ever removed. */
  readChainEnds(database: Database): AsyncIterable<readonly FoundChainEnd[]>;
  /** Compares ends that were noted before with it. */
  findChainFaults(database: Database, noted: readonly ChainEnd[]): Promise<ChainFault[]>;
}

/** Where a trail of the program's own is not what was written. */
export interface OwnTrailFault {
  projectId: string;
  version: number;
  /** Which trail. */
  trail: string;
  fault: string;
}
