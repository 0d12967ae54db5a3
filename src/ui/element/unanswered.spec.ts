import { maskOf } from '../../payments/domain/credential-rules.js';
import type { Change, Config, History } from '../api/project-api.js';
import {
  changingSecrets,
  deactivating,
  isStored,
  ownChanges,
  storing,
  whoseSince,
  type Unanswered,
} from './unanswered.js';

type Left = [field: string, after: string | null];
const made = (version: number, action: string, ...left: Left[]) =>
  ({ version, action, fields: left.map(([field, after]) => ({ field, after })) }) as unknown as Change;
const left = (version: number, ...fields: Left[]) => made(version, 'updated', ...fields);
const history = (...changes: Change[]): History => ({ changes, next_cursor: null });
const versionsOf = (sent: Unanswered, ...changes: Change[]) =>
  ownChanges(4, { unanswered: [sent], history: history(...changes) }).map(({ version }) => version);

const [KEY, SECRET] = [`sk_test_${'A'.repeat(24)}`, `whsec_${'B'.repeat(32)}`];
const mine = maskOf('test_secret_key', KEY);
const secret = maskOf('test_webhook_secret', SECRET);

it.each<[string, Change[], number[]]>([
  ['the next one that left the same', [left(5, ['test_secret_key', mine])], [5]],
  [
    'it also under later ones, as of colleagues',
    [left(6, ['live_secret_key', 'x']), left(5, ['test_secret_key', mine])],
    [5],
  ],
  ['none that left something else', [left(5, ['test_secret_key', 'x'])], []],
  ['none that changed more', [left(5, ['test_secret_key', mine], ['live_secret_key', 'x'])], []],
  ['none that came later', [left(6, ['test_secret_key', mine])], []],
  ['none that erased all', [made(5, 'deleted', ['test_secret_key', null])], []],
  ['none of which nothing is known', [left(5)], []],
])('takes for the own storing %s', (_name, changes, expected) => {
  expect(versionsOf(storing(4, { test_secret_key: KEY }), ...changes)).toEqual(expected);
});

it('knows its own signing secret though another one became the one before', () => {
  const roll: Left[] = [
    ['test_previous_webhook_secret', 'the one before'],
    ['test_webhook_secret', secret],
  ];
  expect(versionsOf(storing(4, { test_webhook_secret: SECRET }), left(5, ...roll))).toEqual([5]);
  expect(versionsOf(changingSecrets(4, 'test'), left(7, ...roll))).toEqual([7]);
  expect(versionsOf(changingSecrets(4, 'live'), left(7, ...roll))).toEqual([]);
});

it('knows its own deactivation by the version', () => {
  expect(versionsOf(deactivating(4), made(5, 'deleted', ['test_secret_key', null]))).toEqual([5]);
  expect(versionsOf(deactivating(4), made(6, 'deleted'), left(5, ['test_secret_key', 'x']))).toEqual([]);
});

it.each<[string, Unanswered, Record<string, string | null> | null, boolean]>([
  ['the same', storing(4, { test_secret_key: KEY }), { test_secret_key_masked: mine }, true],
  ['another one', storing(4, { test_secret_key: KEY }), { test_secret_key_masked: 'x' }, false],
  [
    'one of two',
    storing(4, { test_secret_key: KEY, test_webhook_secret: SECRET }),
    { test_secret_key_masked: mine, test_webhook_secret_masked: null },
    false,
  ],
  ['nothing', storing(4, { test_secret_key: KEY }), null, false],
  ['what nobody entered', changingSecrets(4, 'test'), { test_webhook_secret_masked: secret }, false],
])('knows whether what was entered is stored: %s', (_name, sent, config, expected) => {
  expect(isStored(sent, config as Config | null)).toBe(expected);
});

describe('whose changes since then are', () => {
  const sent = storing(4, { test_secret_key: KEY });
  const own = left(5, ['test_secret_key', mine]);
  const other = left(5, ['test_secret_key', 'x']);
  it.each<[string, number, Unanswered[], History | undefined, string]>([
    ['nothing was sent', 4, [], history(other), 'others'],
    ['the own one is there', 4, [sent], history(own), 'own'],
    ['the own one is under another', 4, [sent], history(left(6, ['live_secret_key', 'x']), own), 'own'],
    ['another one has the place', 4, [sent], history(other), 'others'],
    ['the history is not known', 4, [sent], undefined, 'perhaps'],
    ['the place is still free', 4, [sent], history(), 'perhaps'],
    ['the own one was seen already', 5, [sent], history(left(6, ['test_secret_key', 'x']), own), 'others'],
  ])('%s', (_name, version, unanswered, read, expected) => {
    expect(whoseSince(version, { unanswered, history: read })).toBe(expected);
  });
});
