import { execFileSync } from 'node:child_process';
import { chown, copyFile, mkdir, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '../src/app/data-source.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../src/embedded-postgres/embedded-postgres.js';
import { databaseUrlFault } from '../src/app/settings/database-url.js';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  cleanUp,
  runCommand,
  serviceSettings,
  startServiceProcess,
  temporaryFolder,
} from './support/process.js';
import { configPath } from './support/service.js';

let folder: string;
let keyRingFile: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  keyRingFile = join(folder, 'ring.json');
  await createKeyRingFile(keyRingFile);
});
afterAll(cleanUp);

/** Serves a project's configuration from a service and its commands at an address. */
async function serves(url: string): Promise<void> {
  expect(await runCommand('migrate', [], { DATABASE_URL: url })).toMatchObject({ code: 0, stderr: '' });
  const service = await startServiceProcess(serviceSettings(url, keyRingFile));
  await eventually('it is ready', async () => (await service.request('GET', '/health/ready')).status === 200);
  const projectId = await service.createProject();
  expect((await service.request('PUT', configPath(projectId), { body: {} })).status).toBe(200);
}

describe('an address with a socket', () => {
  let database: TestDatabase;
  let socketFolder: string;
  let server: Server;

  /** A socket where PostgreSQL would have one, which leads to the PostgreSQL of the tests. */
  beforeAll(async () => {
    database = await createTestDatabase();
    socketFolder = join(folder, 'shop-1:europe-west1:main');
    await mkdir(socketFolder);
    const { hostname, port } = new URL(database.url);
    server = createServer((socket) => {
      const upstream = connect(Number(port), hostname);
      socket.pipe(upstream).pipe(socket);
      for (const each of [socket, upstream])
        each.on('error', () => void [socket, upstream].map((end) => end.destroy()));
    }).listen(join(socketFolder, '.s.PGSQL.5432'));
    await once(server, 'listening');
  });
  afterAll(async () => {
    await cleanUp();
    server.close();
    await database.drop();
  });

  it.each<[string, (url: URL, path: string) => string]>([
    ['as Cloud SQL shows it', (url, path) => `postgres://${credentials(url)}@${url.pathname}?host=${path}`],
    [
      'encoded in the host',
      (url, path) => `postgres://${credentials(url)}@${encodeURIComponent(path)}${url.pathname}`,
    ],
    [
      'and everything in parameters',
      (url, path) =>
        `postgresql://${url.pathname}?host=${path}&user=${url.username}&password=${url.password}`,
    ],
  ])(
    'is served: %s',
    async (_, address) => {
      folder = await temporaryFolder();
      keyRingFile = await ringOf(database);
      await serves(address(new URL(database.url), socketFolder));
    },
    60_000,
  );
});

function credentials({ username, password }: URL): string {
  return `${username}:${password}`;
}

/** One ring for each database. */
const rings = new Map<TestDatabase, string>();
async function ringOf(database: TestDatabase): Promise<string> {
  const known = rings.get(database) ?? join(await temporaryFolder(), 'ring.json');
  if (!rings.has(database)) await createKeyRingFile(known);
  rings.set(database, known);
  return known;
}

describe('an address that cannot be right', () => {
  it.each<[string, RegExp]>([
    ['mysql://user:phrase@host/db', /must be an address like/],
    ['postgres://user:phrase@/db', /must be an address like/],
    ['nonsense', /must be an address like/],
    ['postgres://user:100%@host/db', /has a % that stands for nothing; write it as %25/],
    ['postgres://user:phrase@host/db?sslmode=verify_full', /sslmode that is none of disable, .*verify-full/],
    ['postgres://user:phrase@host/db?sslrootcert=/nowhere/ca.pem', /names a file as sslrootcert.*\(ENOENT\)/],
  ])('%s is refused with the fix', (address, message) => {
    const fault = databaseUrlFault(address) ?? '';
    expect(fault).toMatch(message);
    expect(fault).not.toMatch(/:phrase@|100%/);
  });
});

describe('a PostgreSQL with TLS', () => {
  let server: EmbeddedPostgres;
  let certificates: string;

  beforeAll(async () => {
    certificates = await temporaryFolder();
    makeCertificates(certificates);
    const dataDir = await temporaryFolder();
    server = await startEmbeddedPostgres(dataDir);
    await useTls(server, certificates, join(dataDir, 'postgres'));
  }, 60_000);
  afterAll(async () => {
    await cleanUp();
    await server.stop();
  });

  /** With the parameters; the certificate is of `localhost` only. */
  function address(parameters: string, host: 'localhost' | '127.0.0.1' = 'localhost'): string {
    const url = new URL(server.url);
    url.hostname = host;
    return `${url.href}?${parameters.replaceAll('$CA', join(certificates, 'ca.pem'))}`;
  }

  async function isEncrypted(url: string): Promise<boolean> {
    const dataSource = await new DataSource(dataSourceOptions(url)).initialize();
    try {
      const [row] = await dataSource.query<{ ssl: boolean }[]>(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
      );
      return row?.ssl === true;
    } finally {
      await dataSource.destroy();
    }
  }

  it.each<[string, 'localhost' | '127.0.0.1', boolean]>([
    ['sslmode=verify-full&sslrootcert=$CA', 'localhost', true],
    ['sslmode=require&sslrootcert=$CA', 'localhost', true],
    ['sslrootcert=$CA', 'localhost', true],
    ['sslmode=no-verify', '127.0.0.1', true],
    ['uselibpqcompat=true&sslmode=require', '127.0.0.1', true],
    ['sslmode=disable', 'localhost', false],
    ['', 'localhost', false],
  ])('is connected to with %s at %s, encrypted: %s', async (parameters, host, encrypted) => {
    expect(await isEncrypted(address(parameters, host))).toBe(encrypted);
  });

  it.each<[string, 'localhost' | '127.0.0.1', string]>([
    ['sslmode=verify-full', 'localhost', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['sslmode=require', 'localhost', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['sslmode=verify-full&sslrootcert=$CA', '127.0.0.1', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('is refused with %s at %s', async (parameters, host, code) => {
    await expect(isEncrypted(address(parameters, host))).rejects.toMatchObject({ code });
  });

  it('is all that a service and its commands talk to', async () => {
    keyRingFile = join(certificates, 'ring.json');
    await createKeyRingFile(keyRingFile);
    await serves(address('sslmode=verify-full&sslrootcert=$CA'));
    const { rows } = await withClient(server.url, (client) =>
      client.query<{ ssl: boolean; count: string }>(
        `SELECT ssl, count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
          WHERE datname = current_database() AND pid <> pg_backend_pid() GROUP BY 1`,
      ),
    );
    expect(rows).toEqual([{ ssl: true, count: expect.stringMatching(/^[2-9]/) as unknown }]);
  }, 60_000);
});

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** An authority, and a certificate of it for `localhost`. */
function makeCertificates(into: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: into, stdio: 'ignore' });
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl(...request, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test authority');
  openssl(
    ...request,
    ...['-keyout', 'server.key', '-out', 'server.crt', '-subj', '/CN=localhost'],
    ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'subjectAltName=DNS:localhost'],
    ...['-addext', 'basicConstraints=critical,CA:FALSE'],
  );
}

/** PostgreSQL takes the certificate up while it runs, from its own folder and owner. */
async function useTls({ url }: EmbeddedPostgres, from: string, cluster: string): Promise<void> {
  const { uid, gid } = await stat(cluster);
  for (const name of ['server.key', 'server.crt']) {
    await copyFile(join(from, name), join(cluster, name));
    await chown(join(cluster, name), uid, gid);
  }
  await withClient(url, async (client) => {
    await client.query('ALTER SYSTEM SET ssl = on');
    await client.query('SELECT pg_reload_conf()');
  });
}
