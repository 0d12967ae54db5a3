import { createTestDatabase, type TestDatabase } from './support/database.js';
import { cleanUp, runProgram } from './support/process.js';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await cleanUp();
  await database.drop();
});

it.each([
  ['ends when it forgets to close', false, 'started\n'],
  ['goes on with what it does after closing', true, 'started\nclosed\n'],
])('a host without HTTP %s', async (_name, closes, output) => {
  const host = runProgram('test/hosts/ending-host.js', [], {
    CLOSES: String(closes),
    DATABASE_URL: database.url,
  });

  expect({ code: await host.exit(), stderr: host.stderr, stdout: host.stdout }).toEqual({
    code: 0,
    stderr: '',
    stdout: output,
  });
});
