import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type * as Embedded from '../../src/embedded-postgres/embedded-postgres.js';

/** What the global teardown has to undo. */
export interface TestDatabase {
  readonly server: Embedded.EmbeddedPostgres;
  readonly folder: string;
}

declare global {
  var testDatabase: TestDatabase | undefined;
}

// Built, since Jest loads the global setup past its own resolver, which alone finds a .ts file by the name of its .js.
const { startEmbeddedPostgres } = createRequire(import.meta.url)(
  '../../dist/embedded-postgres/embedded-postgres.js',
) as typeof Embedded;

/** Gives the specs a PostgreSQL: TEST_DATABASE_URL, or else a fresh embedded one. */
export default async function globalSetup(): Promise<void> {
  process.env.TEST_ADMIN_DATABASE_URL = process.env.TEST_DATABASE_URL ?? (await startFresh());
}

async function startFresh(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stripe-config-test-'));
  try {
    const server = await startEmbeddedPostgres(folder);
    globalThis.testDatabase = { server, folder };
    await writeWithoutWaiting(server.url);
    return server.url;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** What the specs write need not survive a crash, so no commit, and no database that is dropped, waits for the disk. */
async function writeWithoutWaiting(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const setting of ['fsync', 'full_page_writes'])
      await client.query(`ALTER SYSTEM SET ${setting} = off`);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}
