import type { Change, Config, History } from '../api/project-api.js';
import { conflictRow, greatChange } from './conflict.js';

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
