import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createTestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { isAlive } from './support/is-alive.js';
import { postmasterOf } from './support/postmaster.js';
import {
  cleanUp,
  runCommand,
  runProgram,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
  type Settings,
} from './support/process.js';

const PG = pathToFileURL('node_modules/pg/lib/index.js').href;

const COMMANDS: [name: string, args: string[], result: unknown][] = [
  [
    'keys',
    ['status'],
    { keys: [expect.objectContaining({ state: 'active' })], replicas: expect.any(Array) as unknown },
  ],
  ['keys', ['verify'], { unreadable: [] }],
  ['keys', ['rewrap'], { total: 0, rewrapped: 0, unreadable: 0, unreadableIds: [] }],
  ['audit', ['verify'], { faults: [] }],
  ['migrate', [], { ran: [] }],
];

describe('without DATABASE_URL, commands', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(cleanUp);

  const command = (name: string, args: string[], settings: Settings = {}) =>
    runCommand(name, [...args, '--json'], { DATA_DIR: folder, ...settings });
  const jsonOf = async (name: string, args: string[], settings?: Settings) => {
    const { code, stdout, stderr } = await command(name, args, settings);
    return { code, stderr, json: JSON.parse(stdout) as unknown };
  };
  const nothingRuns = async (pid: number | undefined): Promise<void> => {
    await eventually('PostgreSQL is gone', () => pid === undefined || !isAlive(pid));
    expect(postmasterOf(folder)).toBeUndefined();
  };

  it.each(COMMANDS)(
    'such as %s %p say that there is none under DATA_DIR, and make none',
    async (name, args) => {
      const empty = await temporaryFolder();
      // A ring alone is no database.
      await writeFile(join(empty, 'key-ring.json'), await ringOfItsOwn(), { mode: 0o600 });
      const { code, stderr, json } = await jsonOf(name, args, { DATA_DIR: empty });
      expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
      expect(json).toEqual({
        error: {
          message: expect.stringMatching(
            /^There is no database in \S+: set DATABASE_URL, or DATA_DIR /,
          ) as unknown,
        },
      });
      expect(await readdir(empty)).toEqual(['key-ring.json']);
    },
  );

  async function ringOfItsOwn(): Promise<string> {
    const file = join(await temporaryFolder(), 'ring.json');
    await runCommand('keys', ['generate', file]);
    return readFile(file, 'utf8');
  }

  describe('find the one of the service', () => {
    let service: ServiceProcess;

    beforeAll(async () => {
      service = await startServiceProcess({ PORT: '0', DATA_DIR: folder });
    });

    it.each(COMMANDS)('%s %p, while it runs, which goes on', async (name, args, result) => {
      expect(await jsonOf(name, args)).toEqual({ code: 0, stderr: '', json: result });
      expect((await service.request('GET', '/health/ready', { subject: null })).status).toBe(200);
    });

    it.each(COMMANDS)(
      '%s %p, which they start and stop, when it does not run',
      async (name, args, result) => {
        await service.stop();
        const before = (await readdir(folder)).sort();
        expect(await jsonOf(name, args)).toEqual({ code: 0, stderr: '', json: result });
        await nothingRuns(postmasterOf(folder));
        expect((await readdir(folder)).sort()).toEqual(before);
      },
    );

    it.each<NodeJS.Signals>(['SIGINT', 'SIGTERM', 'SIGHUP'])(
      'and leave none running by %s',
      async (signal) => {
        await service.stop();
        // Held back by a connection that never comes about: the command is in the middle of its work.
        const program = runProgram('dist/cli/keys.js', ['rewrap'], {
          DATA_DIR: folder,
          NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(
            `import pg from ${JSON.stringify(PG)};
           pg.Pool.prototype.connect = () => new Promise(() => setInterval(() => undefined, 1000));`,
          )}`,
        });
        const pid = await eventually('PostgreSQL runs', () => {
          if (program.ended !== undefined) throw new Error(program.stderr);
          return postmasterOf(folder);
        });

        const code = await program.stop(signal);

        expect(code).toBe({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[signal as 'SIGINT']);
        await nothingRuns(pid);
      },
    );

    it('and the key ring that it made, in development only', async () => {
      const refused = { error: { message: expect.stringMatching(/KEY_RING_FILE/) as unknown } };
      const database = await createTestDatabase();
      try {
        for (const settings of [{ NODE_ENV: 'production' }, {}]) {
          const status = await jsonOf('keys', ['status'], { DATABASE_URL: database.url, ...settings });
          expect(status).toEqual({ code: 1, stderr: '', json: refused });
        }
        const { json } = await jsonOf('keys', ['status'], {
          DATABASE_URL: database.url,
          NODE_ENV: 'development',
        });
        expect(json).toEqual({ error: { message: expect.stringMatching(/lacks the tables/) as unknown } });
      } finally {
        await database.drop();
      }
    });
  });

  it.each(COMMANDS)('%s %p need DATABASE_URL in production', async (name, args) => {
    const ring = join(folder, 'key-ring.json');
    const { code, json } = await jsonOf(name, args, { NODE_ENV: 'production', KEY_RING_FILE: ring });
    expect({ code, json }).toEqual({
      code: 1,
      json: {
        error: { message: expect.stringMatching(/DATABASE_URL is missing|made for development/) as unknown },
      },
    });
  });
});
