import { Client } from 'pg';
import type { Server } from './postmaster.js';

export const HOST = '127.0.0.1';

/** Both the role and the database carry this name. */
export const NAME = 'stripe_config';

export function urlOf({ port }: Server, password: string): string {
  return `postgres://${NAME}:${password}@${HOST}:${port}/${NAME}`;
}

export function newClient({ port }: Server, password: string): Client {
  const client = new Client({
    host: HOST,
    port,
    user: NAME,
    password,
    database: 'postgres',
    ssl: false,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
  });
  // Without a listener, the end of the database would end our process.
  client.on('error', () => undefined);
  return client;
}

export async function ensureDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [NAME]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${NAME}`);
}

/** Like the child, the lock is no reason for the process to stay (the typings lack pg's unref). */
export function letProcessEnd(client: Client): void {
  (client as Client & { unref(): void }).unref();
}

export function discard(client: Client): void {
  client.end().catch(() => undefined);
}
