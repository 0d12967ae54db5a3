import { readCommandDatabaseEnv, readDatabaseSchema } from '../app/settings/command-settings.js';
import {
  countAccessChains,
  findAccessChainFaults,
  readAccessChainEnds,
} from '../app/access-trail/access-chains.js';
import { findAccessFaults } from '../app/access-trail/verify-access.js';
import type { CommandHost } from './command-host.js';
import { withOpenDatabase } from './open-database.js';

/** Signals that end a command, and their exit codes. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Lends a command the address of the service's database: DATABASE_URL, or the embedded one under DATA_DIR. */
export async function withDatabaseUrl<T>(work: (url: string) => Promise<T>): Promise<T> {
  const { databaseUrl, dataDir } = readCommandDatabaseEnv();
  if (databaseUrl !== undefined) return work(databaseUrl);
  // A PostgreSQL that was started for the command ends with the process, but not when a signal kills the process.
  for (const [signal, code] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(code));
  const { useEmbeddedPostgres } = await import('../embedded-postgres/embedded-postgres.js');
  const database = await useEmbeddedPostgres(dataDir);
  try {
    return await work(database.url);
  } finally {
    await database.stop();
  }
}

/** The service's commands: its database in DATABASE_SCHEMA, if that is set, without the time limits of requests. */
export const SERVICE: CommandHost = {
  callOf: (command) => command,
  ownTrail: {
    name: 'access',
    findFaults: findAccessFaults,
    countChains: countAccessChains,
    readChainEnds: readAccessChainEnds,
    findChainFaults: findAccessChainFaults,
  },
  withDatabase(work) {
    const schema = readDatabaseSchema();
    return withDatabaseUrl((url) =>
      withOpenDatabase(
        {
          url,
          schema,
          settings: 'DATABASE_URL',
          advice:
            'run the migrations with "npm run migrate", or name the schema of the tables in DATABASE_SCHEMA',
        },
        work,
      ),
    );
  },
};
