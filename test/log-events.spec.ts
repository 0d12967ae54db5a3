import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_LOG_EVENTS } from '../src/app/log-events.js';
import { LOG_EVENTS, type LogEventEntry } from '../src/payments/domain/log-events.js';
import { ROOT } from './support/process.js';

const ALL: Record<string, LogEventEntry> = { ...LOG_EVENTS, ...SERVICE_LOG_EVENTS };
const NAMES = Object.keys(ALL).sort();

it('are named by their subject and what happened to it, each once', () => {
  expect(NAMES.filter((name) => !/^[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*$/.test(name))).toEqual([]);
  expect(NAMES).toHaveLength(Object.keys(LOG_EVENTS).length + Object.keys(SERVICE_LOG_EVENTS).length);
});

it('are the table of the guide to operations', () => {
  const guide = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
  const rows = guide.split('\n').filter((line) => /^\| `[a-z_]+\.[a-z_]+` +\|/.test(line));
  const expected = NAMES.map((name) => [`\`${name}\``, ALL[name]?.level, ALL[name]?.when, ALL[name]?.action]);
  const cells = rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(cells).toEqual(expected);
});

it('are all written somewhere', () => {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' });
  const sources = files
    .filter((file) => /(?<!\.spec|log-events)\.ts$/.test(file))
    .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
    .join('\n');
  expect(NAMES.filter((name) => !sources.includes(`'${name}'`))).toEqual([]);
});
