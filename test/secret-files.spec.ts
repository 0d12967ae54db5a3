import { chmod, chown, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { activateKey, addKey, createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { fakeCredential } from './support/credentials.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import {
  ROOT,
  cleanUp,
  logOf,
  startServiceProcess,
  temporaryFolder,
  type ServiceProcess,
} from './support/process.js';
import { TEST_SECRET, configPath } from './support/service.js';

/** Everything here may run on a busy machine. */
const LIMIT_MS = 120_000;
/** The ordinary user and group of a container. */
const USER = 1000;
const asRoot = process.getuid?.() === 0;

let database: TestDatabase;
let folder: string;
let ring: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = await temporaryFolder();
  // Others may pass through it, as through the folders of a container.
  await chmod(folder, 0o755);
  ring = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(ring);
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

/** Whose the files are, and what may be done with them. */
interface Access {
  mode: number;
  uid?: number;
  gid?: number;
}

/** A volume as a cluster mounts it: names that lead through the link `..data` into a folder for each of its states. */
class Volume {
  private state = 0;

  private constructor(
    readonly path: string,
    private readonly access: Access,
  ) {}

  static async make(path: string, access: Access, files: Record<string, string>): Promise<Volume> {
    const volume = new Volume(path, access);
    await mkdir(path);
    // The root of a memory file system, with the mark of fsGroup.
    await chmod(path, 0o3777);
    await volume.fill(files, '..data');
    for (const name of Object.keys(files)) await symlink(join('..data', name), join(path, name));
    return volume;
  }

  /** Puts other files into the place of all, in one step. */
  async replace(files: Record<string, string>, access: Access = this.access): Promise<void> {
    const old = this.folder();
    await this.fill(files, '..data_tmp', access);
    await rename(join(this.path, '..data_tmp'), join(this.path, '..data'));
    await rm(old, { recursive: true });
  }

  private folder(): string {
    return join(this.path, `..2026_01_24_10_00_00.${this.state}`);
  }

  private async fill(files: Record<string, string>, link: string, access = this.access): Promise<void> {
    this.state += 1;
    await mkdir(this.folder());
    await chmod(this.folder(), 0o755);
    for (const [name, text] of Object.entries(files)) {
      const file = join(this.folder(), name);
      await writeFile(file, text);
      if (access.uid !== undefined) await chown(file, access.uid, access.gid ?? access.uid);
      await chmod(file, access.mode);
    }
    await symlink(this.folder().slice(this.path.length + 1), join(this.path, link));
  }
}

/** Loads the service, becomes an ordinary user, and starts it: the sources may be where only root can read them. */
const START_AS_USER = `
const { run } = await import('${ROOT}dist/app/run.js');
process.setgroups([${USER}]);
process.setgid(${USER});
process.setuid(${USER});
await run();`;

function start(volume: string, isUser: boolean): Promise<ServiceProcess> {
  return startServiceProcess(
    {
      NODE_ENV: 'production',
      PORT: '0',
      PUBLIC_BASE_URL: 'https://payments.example',
      KEY_RING_FILE: join(volume, 'ring.json'),
      AUTH_JWT_SECRET_FILE: join(volume, 'jwt-secret'),
      DATABASE_URL_FILE: join(volume, 'database-url'),
    },
    isUser ? ['--input-type=module', '-e', START_AS_USER] : [],
  );
}

const files = async (): Promise<Record<string, string>> => ({
  'ring.json': await readFile(ring, 'utf8'),
  'jwt-secret': `${TEST_SECRET.toString()}\n`,
  'database-url': `${database.url}\n`,
});

const events = (service: ServiceProcess, event: string) =>
  logOf(service).filter((line) => line.event === event);
const warnings = (service: ServiceProcess) =>
  [...events(service, 'setting.insecure'), ...events(service, 'key_ring.file_exposed')].map(({ warning }) =>
    String(warning),
  );

/** The service runs as an ordinary user, or as whoever runs the tests when that is one, or when `byRoot`. */
it.each<[string, Access, { warned: boolean; byRoot?: boolean }]>([
  ['a cluster’s with fsGroup, 0440', { mode: 0o440, uid: 0, gid: USER }, { warned: false }],
  [
    'a cluster’s with fsGroup, 0440, for root',
    { mode: 0o440, uid: 0, gid: USER },
    { warned: false, byRoot: true },
  ],
  ['a cluster’s with fsGroup, 0640', { mode: 0o640, uid: 0, gid: USER }, { warned: false }],
  ['a cluster’s without fsGroup, 0644', { mode: 0o644, uid: 0, gid: 0 }, { warned: true }],
  ['Docker’s, 0444', { mode: 0o444, uid: 0, gid: 0 }, { warned: true }],
  ['its own, 0400', { mode: 0o400, uid: USER, gid: USER }, { warned: false }],
])(
  'secret files that are %s are read, and another ring is taken up when the volume is replaced',
  async (_, access, { warned, byRoot = false }) => {
    const mine = asRoot ? access : { mode: access.mode };
    const volume = await Volume.make(join(folder, 'volume'), mine, await files());
    const service = await start(volume.path, asRoot && !byRoot);
    const projectId = await service.createProject();
    const put = async () => {
      const body = { test_secret_key: fakeCredential('test_secret_key', Math.random()) };
      expect((await service.request('PUT', configPath(projectId), { body })).status).toBe(200);
    };
    await put();

    const key = await addKey(ring);
    await activateKey(ring, key);
    await volume.replace(await files());
    await eventually('the ring is taken up', () => events(service, 'key_ring.replaced').length > 0, LIMIT_MS);
    await put();
    const [row] = await database.query<{ sealed: string }>(
      "SELECT sealed ->> 'test_secret_key' AS sealed FROM stripe_configs",
    );
    expect(row?.sealed).toMatch(new RegExp(`^sc1\\.${key}\\.`));

    await volume.replace(await files(), { ...mine, mode: 0o664 });
    const refused = await eventually(
      'the refusal is logged',
      () => events(service, 'key_ring.rejected')[0],
      LIMIT_MS,
    );
    expect(refused.fault).toMatch(/may be written by its group or by others; run "chmod go-w"/);
    await put();

    expect(warnings(service).map((warning) => warning.split(' may ')[0])).toEqual(
      warned
        ? [
            'DATABASE_URL_FILE names a file that',
            'AUTH_JWT_SECRET_FILE names a file that',
            'the key ring file',
            'the key ring file',
          ]
        : [],
    );
    expect(service.stdout + service.stderr).not.toContain(TEST_SECRET.toString());
  },
  2 * LIMIT_MS,
);
