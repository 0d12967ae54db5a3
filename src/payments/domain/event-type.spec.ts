import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { snapshotEvent } from '../../../test/support/webhooks.js';
import { readEvent } from '../stripe-webhooks/received-event.js';
import { isEventPattern, isEventType, matchesEventPattern } from './event-type.js';

/** Every type of event that the SDK declares, snapshot and thin alike. */
function typesOfSdk(): string[] {
  const resources = path.join(
    path.dirname(createRequire(import.meta.url).resolve('stripe')),
    '../esm/resources',
  );
  const files = readdirSync(resources, { recursive: true, encoding: 'utf8' });
  const declarations = files.filter((name) => /(^|[/\\])Events\.d\.ts$/.test(name));
  const types = declarations.flatMap((name) =>
    [...readFileSync(path.join(resources, name), 'utf8').matchAll(/^ +type: '([^']+)';$/gm)].map(
      ([, type = '']) => type,
    ),
  );
  return [...new Set(types)];
}

const TYPES = typesOfSdk();

it('the SDK declares the types that are looked for', () => {
  expect(TYPES.length).toBeGreaterThan(300);
  expect(TYPES).toEqual(
    expect.arrayContaining(['invoice.paid', 'v1.account.updated', 'v2.core.account[requirements].updated']),
  );
});

it('every type of the SDK is a type, a pattern of its own, and received', () => {
  const isTaken = (type: string) =>
    isEventType(type) &&
    isEventPattern(type) &&
    matchesEventPattern(type, type) &&
    typeof readEvent(JSON.stringify(snapshotEvent('test', { type })), 'test') === 'object';
  expect(TYPES.filter((type) => !isTaken(type))).toEqual([]);
});

it('every prefix of a type of the SDK is a pattern', () => {
  const prefixes = TYPES.map((type) => `${type.slice(0, type.lastIndexOf('.'))}.*`);
  expect(prefixes.filter((pattern) => !isEventPattern(pattern))).toEqual([]);
  expect(TYPES.filter((type, index) => !matchesEventPattern(prefixes[index] ?? '', type))).toEqual([]);
});

it.each([
  '',
  '.',
  'invoice',
  'invoice.',
  '.paid',
  'invoice paid',
  'Invoice.paid',
  'a[.b',
  'a].b',
  '*.paid',
  'invoice.p*',
  `a.${'b'.repeat(254)}`,
])('%p is neither type nor pattern', (text) => {
  expect(isEventType(text)).toBe(false);
  expect(isEventPattern(text)).toBe(false);
});

it.each(['*', 'invoice.*', 'v2.core.account[requirements].*'])('%p is a pattern and no type', (text) => {
  expect(isEventType(text)).toBe(false);
  expect(isEventPattern(text)).toBe(true);
});
