import { rm } from 'node:fs/promises';
import type {} from './global-setup.js';

/** Stops the embedded PostgreSQL of the global setup, if it started one, and removes its folder. */
export default async function globalTeardown(): Promise<void> {
  const database = globalThis.testDatabase;
  if (!database) return;
  await database.server.stop();
  await rm(database.folder, { recursive: true, force: true });
}
