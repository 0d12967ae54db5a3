import { transformFile } from '@swc/core';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { EmbeddedPostgresError, startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.js';
import { isAlive } from '../../test/support/is-alive.js';

const here = dirname(fileURLToPath(import.meta.url));
const projectModules = join(here, '..', '..', 'node_modules');
const CANARY = 'canary-a6cbf0';

/** What the child program says: the url of its server, or why it has none. */
interface ChildReport {
  readonly url?: string;
  readonly name?: string;
  readonly message?: string;
}

interface StartedChild {
  readonly process: ChildProcess;
  readonly report: ChildReport;
}

let work: string;
let dataDir: string;
let programs: string;
let running: EmbeddedPostgres[];
let children: ChildProcess[];

beforeAll(async () => {
  programs = await mkdtemp(join(tmpdir(), 'embedded-postgres-programs-'));
  await writeProgram(join(programs, 'production'));
  await writeProgram(join(programs, 'whole'));
  // A copy of its own below a closed folder, as installed without install scripts: they make the links.
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    await cp(join(projectModules, name), join(programs, 'whole', 'node_modules', name), {
      recursive: true,
      filter: async (file) => !(await lstat(file)).isSymbolicLink(),
    });
  }
});

afterAll(async () => {
  await rm(programs, { recursive: true, force: true });
});

beforeEach(async () => {
  // mkdtemp makes folders 0700: as root, these specs also cover what PostgreSQL's user cannot pass.
  work = await mkdtemp(join(tmpdir(), 'embedded-postgres-spec-'));
  dataDir = join(work, 'data');
  running = [];
  children = [];
});

afterEach(async () => {
  for (const child of children) await kill(child);
  await Promise.all(running.map((server) => server.stop()));
  const orphan = await findPostmaster();
  if (orphan !== undefined && isAlive(orphan)) {
    process.kill(orphan, 'SIGINT');
    await waitUntil(() => !isAlive(orphan));
  }
  await rm(work, { recursive: true, force: true });
});

describe('startEmbeddedPostgres', () => {
  it('creates the database, and keeps the data over a stop and a start', async () => {
    const first = await start();
    expect(first.url).toMatch(/^postgres:\/\/stripe_config:[\w-]{43}@127\.0\.0\.1:\d+\/stripe_config$/);
    await query(first.url, 'CREATE TABLE note (text text)');
    await query(first.url, `INSERT INTO note VALUES ('kept')`);
    await first.stop();

    const second = await start();

    expect(await query(second.url, 'SELECT text FROM note')).toEqual([{ text: 'kept' }]);
  });

  it('runs with safe settings, on the loopback interface only', async () => {
    const { url } = await start();

    expect(
      await query(
        url,
        `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'listen_addresses', 'log_statement',
         'log_min_error_statement', 'log_parameter_max_length', 'log_parameter_max_length_on_error',
         'server_encoding', 'unix_socket_directories', 'password_encryption') ORDER BY name`,
      ),
    ).toEqual([
      { name: 'fsync', setting: 'on' },
      { name: 'listen_addresses', setting: '127.0.0.1' },
      { name: 'log_min_error_statement', setting: 'panic' },
      { name: 'log_parameter_max_length', setting: '0' },
      { name: 'log_parameter_max_length_on_error', setting: '0' },
      { name: 'log_statement', setting: 'none' },
      { name: 'password_encryption', setting: 'scram-sha-256' },
      { name: 'server_encoding', setting: 'UTF8' },
      { name: 'unix_socket_directories', setting: '' },
    ]);
    const stranger = url.replace(/:[\w-]{43}@/, ':wrong@');
    await expect(query(stranger, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('writes files that only their owner can read, and leaves no working files', async () => {
    await start();

    expect(await modeOf(dataDir)).toBe(0o700);
    expect(await modeOf(join(dataDir, 'postgres'))).toBe(0o700);
    expect(await modeOf(join(dataDir, 'postgres-password'))).toBe(0o600);
    expect(await modeOf(join(dataDir, 'postgres.log'))).toBe(0o600);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres-password', 'postgres.log']);
  });

  it('logs no statement, parameter or value of a failing query', async () => {
    const { url } = await start();
    await expect(query(url, `SELECT '${CANARY}'::int`)).rejects.toThrow(CANARY);
    await query(url, 'CREATE TABLE note (text text PRIMARY KEY)');
    await query(url, 'INSERT INTO note VALUES ($1)', [CANARY]);
    await expect(query(url, 'INSERT INTO note VALUES ($1)', [CANARY])).rejects.toThrow('duplicate key');

    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).not.toContain(CANARY);
  });

  it('stops the server for good, however often it is asked', async () => {
    const server = await start();
    const pid = await postmaster();

    await Promise.all([server.stop(), server.stop()]);

    expect(isAlive(pid)).toBe(false);
    await expect(query(server.url, 'SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.stop();
  });

  it('survives the sudden end of the server', async () => {
    const server = await start();
    const pid = await postmaster();
    process.kill(pid, 'SIGQUIT');
    await waitUntil(() => !isAlive(pid));

    await server.stop();
    const next = await start();

    expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a folder that is in use in the same process', async () => {
    const first = await start();

    const second = startEmbeddedPostgres(dataDir);

    await expect(second).rejects.toThrow(EmbeddedPostgresError);
    await expect(second).rejects.toThrow(`Another instance is using the data folder ${dataDir}`);
    await expect(second).rejects.toThrow(/stop it, or set DATA_DIR .* or DATABASE_URL/);
    expect(await query(first.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('refuses a folder that is in use in another process', async () => {
    const child = await startChild();
    const url = urlOf(child);

    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow(
      `Another instance is using the data folder ${dataDir}`,
    );

    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('lets exactly one of several cold starts have the folder', async () => {
    const starts = await Promise.all([startChild(), startChild(), startChild()]);

    const owners = starts.filter(({ report }) => report.url !== undefined);
    const refused = starts.filter(({ report }) => report.url === undefined);
    expect(owners).toHaveLength(1);
    for (const { report } of refused) {
      expect(report.message).toContain('Another instance is using the data folder');
    }
    for (const owner of owners) expect(await query(urlOf(owner), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres-password', 'postgres.log']);
  });

  it('takes over the server of an owner that was killed', async () => {
    const child = await startChild();
    await query(urlOf(child), 'CREATE TABLE note AS SELECT 1 AS one');
    const orphan = await postmaster();
    await kill(child.process);
    expect(isAlive(orphan)).toBe(true);

    const heir = await start();

    expect(await query(heir.url, 'SELECT one FROM note')).toEqual([{ one: 1 }]);
    expect(await postmaster()).toBe(orphan);
    await heir.stop();
    expect(isAlive(orphan)).toBe(false);
  });

  it('recovers when owner and server were killed', async () => {
    const child = await startChild();
    await query(urlOf(child), 'CREATE TABLE note AS SELECT 1 AS one');
    const pid = await postmaster();
    await kill(child.process);
    process.kill(pid, 'SIGKILL');
    await waitUntil(() => !isAlive(pid));

    const heir = await start();

    expect(await query(heir.url, 'SELECT one FROM note')).toEqual([{ one: 1 }]);
  });

  it('shuts down in order when the child that owns it is asked to', async () => {
    const child = await startChild();
    const pid = await postmaster();

    child.process.stdin?.end();
    await once(child.process, 'exit');

    expect(isAlive(pid)).toBe(false);
    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).toMatch(/database system is shut down\s*$/);
  });

  it('distinguishes a copied folder from the original that is running', async () => {
    await start();
    const copy = join(work, 'copy');
    await once(spawn('cp', ['-a', dataDir, copy]), 'exit');
    await rm(join(copy, 'postgres', 'postmaster.pid'));
    const original = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8');
    await writeFile(join(copy, 'postgres', 'postmaster.pid'), original);

    await expect(startEmbeddedPostgres(copy)).rejects.toThrow(/did not start in .*copy.*postmaster\.pid/s);
  });

  const onLinux = process.platform === 'linux' ? it : it.skip;
  onLinux('gives PostgreSQL none of our environment', async () => {
    await startChild();

    const environment = await readFile(`/proc/${await postmaster()}/environ`, 'utf8');

    const names = environment.split('\0').map((entry) => entry.split('=')[0] ?? '');
    expect(environment).not.toContain(CANARY);
    expect(names.filter((name) => !/^PG|^$/.test(name)).sort()).toEqual(['LANG', 'PATH', 'TZ']);
  });

  it('refuses the data of another PostgreSQL version', async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '17\n');

    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow(
      `The data in ${join(dataDir, 'postgres')} is made by PostgreSQL 17, but this is PostgreSQL 18`,
    );
  });

  it('refuses data whose password is lost or wrong', async () => {
    await (await start()).stop();
    const file = join(dataDir, 'postgres-password');
    await writeFile(file, 'wrong');
    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow(`The password in ${file} does not open`);
    expect(await findPostmaster()).toBeUndefined();

    await rm(file);
    await expect(startEmbeddedPostgres(dataDir)).rejects.toThrow(`${file} is missing`);
  });

  it('reports why PostgreSQL did not start, with the end of its log', async () => {
    await (await start()).stop();
    await writeFile(join(dataDir, 'postgres', 'postgresql.conf'), 'shared_buffers = nonsense\n');

    const failing = startEmbeddedPostgres(dataDir);

    await expect(failing).rejects.toThrow(EmbeddedPostgresError);
    await expect(failing).rejects.toThrow(/did not start in .*: it ended with code 1.*shared_buffers/s);
  });

  it('says what to do where the development packages are missing', async () => {
    const child = await startChild('production');

    expect(child.report.message).toMatch(
      /not installed: install the development packages .* set DATABASE_URL/,
    );
    expect(child.report.name).toBe('EmbeddedPostgresError');
    expect(existsSync(dataDir)).toBe(false);
  });
});

async function start(): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres(dataDir);
  running.push(server);
  return server;
}

/** A program that owns a server until its standard input ends. */
async function writeProgram(folder: string): Promise<void> {
  await mkdir(join(folder, 'node_modules'), { recursive: true });
  await symlink(join(projectModules, 'pg'), join(folder, 'node_modules', 'pg'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  for (const file of (await readdir(here)).filter((name) => /(?<!\.spec)\.ts$/.test(name))) {
    const { code } = await transformFile(join(here, file), {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript' }, target: 'es2023' },
      module: { type: 'es6' },
    });
    await writeFile(join(folder, file.replace(/ts$/, 'js')), code);
  }
  await writeFile(
    join(folder, 'main.js'),
    `import { startEmbeddedPostgres } from './embedded-postgres.js';
     const report = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
     try {
       const server = await startEmbeddedPostgres(process.argv[2]);
       report({ url: server.url });
       process.stdin.resume().once('end', () => void server.stop());
     } catch (error) {
       report({ name: error.name, message: error.message });
     }`,
  );
}

async function startChild(variant: 'whole' | 'production' = 'whole'): Promise<StartedChild> {
  const child = spawn(process.execPath, [join(programs, variant, 'main.js'), dataDir], {
    env: { PATH: process.env.PATH, HOME: work, MASTER_KEY: CANARY, PGAPPNAME: CANARY },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { process: child, report: JSON.parse(line) as ChildReport };
}

function urlOf({ report }: StartedChild): string {
  if (report.url === undefined) throw new Error(report.message);
  return report.url;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

async function query(url: string, sql: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

async function findPostmaster(): Promise<number | undefined> {
  const file = join(dataDir, 'postgres', 'postmaster.pid');
  return existsSync(file) ? Number.parseInt(await readFile(file, 'utf8'), 10) : undefined;
}

async function postmaster(): Promise<number> {
  const pid = await findPostmaster();
  if (pid === undefined) throw new Error('no PostgreSQL runs');
  return pid;
}

async function waitUntil(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await sleep(20);
  }
}

async function modeOf(file: string): Promise<number> {
  return (await stat(file)).mode & 0o777;
}
