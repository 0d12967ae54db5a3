import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { itKeepsTheContract } from '../hosts/contract.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { ROOT, cleanUp, runProgram, waitForOutput } from '../support/process.js';
import { run } from '../support/run.js';
import { TEST_SECRET, testClient, type TestClient } from '../support/service.js';
import { installedProject, writeCompilerOptions } from './installed.js';
import { NEST_11, NEST_12, TYPES } from './versions.js';

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');

const HOSTS = [
  { what: 'Nest 11, CommonJS', nest: NEST_11, express: '11.2.10', type: 'commonjs', module: 'commonjs' },
  { what: 'Nest 12, ESM', nest: NEST_12, express: '12.5.1', type: 'module', module: 'nodenext' },
] as const;

describe.each(HOSTS)('a host of $what with pg and no TypeORM', ({ nest, express, type, module }) => {
  let database: TestDatabase;
  let client: TestClient;
  let folder: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    const versions = Object.fromEntries(Object.entries(nest).filter(([name]) => !name.includes('typeorm')));
    const packages = { ...versions, '@nestjs/platform-express': express, '@types/pg': '8.23.1', ...TYPES };
    folder = await installedProject(packages, { type });
    await mkdir(join(folder, 'src'));
    await copyFile(join(ROOT, 'package/consumers/pool.ts'), join(folder, 'src/pool.ts'));
    await writeCompilerOptions(folder, { module, skipLibCheck: false });
    await run(folder, process.execPath, TSC, '-p', 'tsconfig.json');
    const keyRingFile = join(folder, 'ring.json');
    await run(folder, 'npx', '--no-install', 'nest-stripe-config', 'keys', 'generate', keyRingFile);
    const host = runProgram(join(folder, 'dist/pool.js'), [], {
      DATABASE_URL: database.url,
      KEY_RING_FILE: keyRingFile,
      AUTH_SECRET: TEST_SECRET.toString(),
    });
    const address = await waitForOutput(host, /listening at (http:\/\/[\w.:]+)/);
    client = {
      ...testClient(address),
      async createProject(owner = 'alice', name = 'Shop') {
        const { json } = await testClient(address).request('POST', '/host/shops', { body: { owner, name } });
        return (json as { id: string }).id;
      },
    };
  });
  afterAll(async () => {
    await cleanUp();
    await database.drop();
  });

  it('has no TypeORM', () => {
    expect(existsSync(join(folder, 'node_modules/pg'))).toBe(true);
    expect(existsSync(join(folder, 'node_modules/typeorm'))).toBe(false);
  });

  itKeepsTheContract(() => client);

  it('has written what its handlers wrote in the transaction of the event', async () => {
    // The contract has sent a webhook.
    const handled = "SELECT event_id FROM payments.stripe_events WHERE status = 'handled'";
    const [event] = await eventually('it is handled', async () => {
      const rows = await database.query<{ event_id: string }>(handled);
      return rows.length > 0 && rows;
    });
    expect(await database.query('SELECT event_id FROM effects')).toEqual([event]);
  });
});
