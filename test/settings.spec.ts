import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SECRET_NAMES } from '../src/app/settings/setting-list.js';
import { cleanUp, runProgram, temporaryFolder, type Settings } from './support/process.js';

afterEach(cleanUp);

const CANARY = randomBytes(12).toString('hex');

/** Every secret setting, each with a value that can be found again. */
const SECRETS: Settings = {
  AUTH_JWT_SECRET: `${CANARY}-and-some-more-bytes`,
  DATABASE_URL: `postgres://user:${CANARY}@127.0.0.1:1/none`,
  VAULT_TOKEN: CANARY,
  WEBHOOK_SECRET: `whsec_${CANARY}`,
};

describe('secrets in the environment', () => {
  it('are all known to these tests', () => {
    expect(Object.keys(SECRETS).sort()).toEqual([...SECRET_NAMES].sort());
  });

  it.each<[string, string[]]>([
    ['dist/main.js', []],
    ['dist/cli/audit.js', ['verify']],
    ['dist/cli/keys.js', ['status']],
    ['dist/cli/migrate.js', []],
    ['dist/cli/token.js', []],
    ['dist/cli/webhook-send.js', ['--project', '550e8400-e29b-41d4-a716-446655440000']],
  ])('are in no diagnostic report of %s', async (script, args) => {
    const folder = await temporaryFolder();
    const report = join(folder, 'report.json');
    const atExit = `process.on('exit', () => process.report.writeReport(${JSON.stringify(report)}))`;
    const program = runProgram(script, args, {
      ...SECRETS,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(atExit)}`,
      // No ring: the service and the command for keys end by themselves.
      KEY_RING_FILE: join(folder, 'none.json'),
      NODE_ENV: 'development',
      PORT: '1',
    });
    await program.exit();
    const text = await readFile(report, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ environmentVariables: { NODE_ENV: 'development' } });
    expect(text).not.toContain(CANARY);
  });
});
