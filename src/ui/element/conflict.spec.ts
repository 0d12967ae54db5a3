import type { Change, Config, History } from '../api/project-api.js';
import { conflictRow, greatChange, isUnanswered, ownChange, type Unanswered } from './conflict.js';
import { ApiError } from '../api/api-error.js';

const config = (masks: Record<string, string | null>) => masks as unknown as Config;
const change = (version: number, action: string, ...fields: string[]) =>
  ({
    version,
    action,
    actor: 'bob',
    fields: fields.map((field) => ({ field, before: null, after: null })),
  }) as unknown as Change;
const history = (...changes: Change[]): History => ({ changes, next_cursor: null });

it('tells a field that somebody changed from one that nobody touched', () => {
  const seen = {
    config: config({ test_secret_key_masked: 'a', test_publishable_key_masked: 'p' }),
    version: 1,
  };
  const now = {
    config: config({ test_secret_key_masked: 'b', test_publishable_key_masked: 'p' }),
    history: history(change(2, 'updated', 'test_secret_key'), change(1, 'created', 'test_publishable_key')),
  };
  expect(conflictRow('test_secret_key', seen, now)).toMatchObject({
    seen: 'a',
    now: 'b',
    isChanged: true,
    by: { version: 2 },
  });
  expect(conflictRow('test_publishable_key', seen, now)).toEqual({
    seen: 'p',
    now: 'p',
    isChanged: false,
    by: undefined,
  });
});

it('sees by the trail a change that left the mask as it was', () => {
  const seen = { config: config({ test_secret_key_masked: 'a' }), version: 1 };
  const now = { config: seen.config, history: history(change(2, 'updated', 'test_secret_key')) };
  expect(conflictRow('test_secret_key', seen, now)).toMatchObject({ isChanged: true });
});

it('sees by the masks alone what the trail does not tell', () => {
  const seen = { config: null, version: 0 };
  const now = { config: config({ test_secret_key_masked: 'a' }), history: undefined };
  expect(conflictRow('test_secret_key', seen, now)).toMatchObject({ seen: null, isChanged: true });
});

it('names a deactivation, and a first version where nothing was', () => {
  expect(greatChange({ config: null, version: 0 }, history(change(1, 'created')))?.action).toBe('created');
  expect(
    greatChange({ config: config({}), version: 1 }, history(change(2, 'deleted'), change(1, 'created')))
      ?.action,
  ).toBe('deleted');
  expect(greatChange({ config: config({}), version: 1 }, history(change(2, 'updated')))).toBeUndefined();
});

describe('a change of which no answer came', () => {
  const unanswered: Unanswered = { version: 4, masks: new Map([['test_secret_key', 'mine']]) };
  const left = (version: number, ...fields: [string, string | null][]) =>
    ({ version, fields: fields.map(([field, after]) => ({ field, after })) }) as unknown as Change;

  it.each<[string, Change[], number | undefined]>([
    ['is probably the next one that left the same', [left(5, ['test_secret_key', 'mine'])], 5],
    [
      'is it also under later ones',
      [left(6, ['test_secret_key', 'x']), left(5, ['test_secret_key', 'mine'])],
      5,
    ],
    ['is none that left something else', [left(5, ['test_secret_key', 'x'])], undefined],
    [
      'is none that changed more',
      [left(5, ['test_secret_key', 'mine'], ['live_secret_key', 'x'])],
      undefined,
    ],
    ['is none that came later', [left(6, ['test_secret_key', 'mine'])], undefined],
    ['is none that erased all', [left(5, ['test_secret_key', null])], undefined],
    ['is none of which nothing is known', [left(5)], undefined],
  ])('%s', (_name, changes, version) => {
    expect(ownChange(unanswered, history(...changes))?.version).toBe(version);
  });

  it.each([
    [503, 'write_outcome_unknown', true],
    [0, 'unreachable', true],
    [504, 'unknown', true],
    [503, 'dependency_unavailable', false],
    [412, 'version_conflict', false],
  ])('%s %s: %s', (status, code, expected) => {
    expect(isUnanswered(new ApiError(status, code, ''))).toBe(expected);
  });
});
