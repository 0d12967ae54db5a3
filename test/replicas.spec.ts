import { hostname } from 'node:os';
import { join } from 'node:path';
import { createKeyRingFile } from '../src/payments/crypto/key-ring-file.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { eventually } from './support/eventually.js';
import { cleanUp, serviceSettings, startServiceProcess, temporaryFolder } from './support/process.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

const replicas = () => database.query<{ host_name: string }>('SELECT host_name FROM stripe_config_replicas');

it('a replica stores its host, and signs off when it ends gracefully; one that is killed stays for a while', async () => {
  const keyRingFile = join(await temporaryFolder(), 'ring.json');
  await createKeyRingFile(keyRingFile);
  const settings = serviceSettings(database.url, keyRingFile);
  const [first, second] = [await startServiceProcess(settings), await startServiceProcess(settings)];
  await eventually('both are known', async () => (await replicas()).length === 2);
  expect(await replicas()).toEqual([{ host_name: hostname() }, { host_name: hostname() }]);

  expect(await first.stop()).toBe(0);
  expect(await replicas()).toHaveLength(1);

  await second.stop('SIGKILL');
  expect(await replicas()).toHaveLength(1);
}, 60_000);
