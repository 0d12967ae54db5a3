import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SECRET_NAMES, SETTINGS, type Setting } from '../src/app/settings/setting-list.js';
import { ROOT, cleanUp, runProgram, temporaryFolder, type Settings } from './support/process.js';

afterEach(cleanUp);

const CANARY = randomBytes(12).toString('hex');

/** Every secret setting, each with a value that can be found again. */
const SECRETS: Settings = {
  AUTH_JWT_SECRET: `${CANARY}-and-some-more-bytes`,
  DATABASE_URL: `postgres://user:${CANARY}@127.0.0.1:1/none`,
  // No ring: the service and the command for keys end by themselves.
  KEY_RING: `${CANARY}!`,
  OTEL_EXPORTER_OTLP_HEADERS: `api-key=${CANARY}`,
  OTEL_EXPORTER_OTLP_METRICS_HEADERS: `api-key=${CANARY}`,
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: `api-key=${CANARY}`,
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
      NODE_ENV: 'development',
      PORT: '1',
    });
    await program.exit();
    const text = await readFile(report, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ environmentVariables: { NODE_ENV: 'development' } });
    expect(text).not.toContain(CANARY);
  });
});

describe('the list of settings', () => {
  const settings = Object.entries<Setting>(SETTINGS);
  /** Whether the setting is a secret, whose file has no line of its own. */
  const hasFile = (name: string) =>
    SECRET_NAMES.some((secret) => secret === name) && !(`${name}_FILE` in SETTINGS);
  const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();
  /** The value that holds, also that of production where it is another, and what is said in words. */
  const whenAbsent = ({ default: usual, absent }: Setting) => {
    const values = typeof usual === 'object' ? [usual.otherwise, usual.production] : [usual];
    const [value, inProduction] = values.map((each) => each && `\`${each}\``);
    return [value, inProduction && `in production ${inProduction}`, absent].filter(Boolean).join('; ');
  };
  const textOf = (file: string) => readFile(join(ROOT, file), 'utf8');

  it('is the table of the guide to settings', async () => {
    const rows = (await textOf('docs/settings.md')).split('\n').filter((line) => line.startsWith('| `'));
    const expected = settings.map(([name, setting]) => {
      const names = hasFile(name) ? `\`${name}\` or \`${name}_FILE\`` : `\`${name}\``;
      return `| ${names} | ${setting.meaning} | ${whenAbsent(setting)} |`;
    });
    expect(rows.map(oneLine)).toEqual(expected);
  });

  it('is what .env.example has, each with its default', async () => {
    const [, ...parts] = (await textOf('.env.example')).split('\n\n');
    const expected = settings.map(([name, { meaning, ...setting }]) => {
      const absent = whenAbsent({ meaning, ...setting });
      const [, value = ''] = /^`([^`]*)`$/.exec(absent) ?? [];
      const lines = [`# ${meaning}. When absent: ${absent}`, `#${name}=${value}`];
      return [...lines, ...(hasFile(name) ? [`#${name}_FILE=`] : [])].join('\n').replaceAll('`', '');
    });
    expect(parts.map((part) => part.trimEnd())).toEqual(expected);
  });
});
