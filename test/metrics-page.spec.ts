import { execFile, spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { INSTRUMENTS, type Instrument } from '../src/payments/telemetry/instruments.js';
import { ROOT, cleanUp, runProgram, temporaryFolder } from './support/process.js';

const run = promisify(execFile);
const RULES = join(ROOT, 'deploy/prometheus/alerts.yaml');
const DASHBOARD = join(ROOT, 'deploy/grafana/nest-stripe-config.json');

/** Of Debian's package `prometheus`, which `.ci/run` installs. */
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;

afterAll(cleanUp);

describe('what is made of the list', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const program = runProgram('scripts/docs/metrics-page.js', [folder], {});
    expect([await program.exit(), program.stderr]).toEqual([0, '']);
  });

  it.each(['docs/metrics.md', 'deploy/prometheus/alerts.yaml', 'deploy/grafana/nest-stripe-config.json'])(
    '%s is what the command writes (run "npm run docs:metrics" otherwise)',
    async (file) => {
      expect(await readFile(join(folder, file), 'utf8')).toBe(await readFile(join(ROOT, file), 'utf8'));
    },
  );
});

/** The metrics that a question in Prometheus's language names: not the labels, which stand in braces or behind `by`. */
function metricsIn(question: string): string[] {
  const bare = question.replaceAll(/\{[^}]*\}|\b(?:by|on) \([^)]*\)|\[[^\]]*\]/g, ' ');
  return (bare.match(/\b(?:http|db|stripe_config)_\w+/g) ?? []).map((name) =>
    name.replace(/_(?:bucket|count|sum)$/, ''),
  );
}

/** What is exported, without the end of a histogram's series, to which `db.client.connection.count` belongs by chance. */
const exported = Object.entries<Instrument>(INSTRUMENTS).map(([name, { kind }]) =>
  `${name.replaceAll('.', '_')}${kind === 'counter' ? '_total' : ''}`.replace(/_count$/, ''),
);

describe('the dashboard', () => {
  it('has every metric, and no other', async () => {
    const { panels } = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
      panels: { targets: { expr: string }[] }[];
    };
    const asked = panels.flatMap(({ targets }) => targets.flatMap(({ expr }) => metricsIn(expr)));
    expect([...new Set(asked)].sort()).toEqual([...exported].sort());
  });
});

describe('the alert rules', () => {
  it('name metrics that are exported', async () => {
    const questions = [...(await readFile(RULES, 'utf8')).matchAll(/expr: '(.*)'$/gm)].map(
      ([, text = '']) => text,
    );
    expect(questions.length).toBeGreaterThan(10);
    for (const question of questions) {
      const asked = metricsIn(question);
      expect(asked.length).toBeGreaterThan(0);
      expect(exported).toEqual(expect.arrayContaining(asked));
    }
  });

  (hasPromtool ? it : it.skip)(
    'are valid, and each fires on what it is for and on nothing else',
    async () => {
      expect((await run('promtool', ['check', 'rules', RULES])).stdout).toContain('SUCCESS');
      const rules = (await import(join(ROOT, 'scripts/docs/telemetry/alert-rules.js'))) as {
        rulesTest(file: string): object;
      };
      const file = join(await temporaryFolder(), 'test.yaml');
      await writeFile(file, JSON.stringify(rules.rulesTest(RULES)));
      expect((await run('promtool', ['test', 'rules', file])).stdout).toContain('SUCCESS');
    },
  );
});
