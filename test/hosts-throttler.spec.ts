import { expectNestError, expectOurError } from './hosts/answers.js';
import { ADAPTERS } from './hosts/start-host.js';
import { createTestDatabase, type TestDatabase } from './support/database.js';
import { cleanUp, runProgram, waitForOutput } from './support/process.js';
import { TEST_SECRET, configPath, testClient, type TestClient } from './support/service.js';

const PROJECT_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const LIMIT = 2;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await cleanUp();
  await database.drop();
});

async function startThrottledHost(adapter: string, sparedPath = ''): Promise<TestClient> {
  const program = runProgram('test/hosts/throttled-host.js', [], {
    ADAPTER: adapter,
    AUTH_JWT_SECRET: TEST_SECRET.toString(),
    DATABASE_URL: database.url,
    LIMIT: String(LIMIT),
    SPARED_PATH: sparedPath,
  });
  return testClient(await waitForOutput(program, /listening at (http:\/\/[\w.:]+)/));
}

it.each(Object.keys(ADAPTERS))('a throttler of a host on %s counts our routes, too', async (adapter) => {
  const host = await startThrottledHost(adapter);
  for (let count = 0; count < LIMIT; count++) {
    expect((await host.request('GET', configPath(PROJECT_ID))).status).toBe(200);
    expect((await host.request('GET', '/teas')).json).toEqual(['tea']);
  }
  const refused = await host.request('GET', configPath(PROJECT_ID));
  expectOurError(refused, 429, 'rate_limited');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expectNestError(await host.request('GET', '/teas'), 429);
});

it.each(Object.keys(ADAPTERS))(
  'a throttler of a host on %s can leave our routes out by their path',
  async (adapter) => {
    const host = await startThrottledHost(adapter, '/api/v1/payments/');
    for (let count = 0; count <= LIMIT; count++) {
      expect((await host.request('GET', configPath(PROJECT_ID))).status).toBe(200);
    }
    for (let count = 0; count < LIMIT; count++) await host.request('GET', '/teas');
    expectNestError(await host.request('GET', '/teas'), 429);
  },
);
