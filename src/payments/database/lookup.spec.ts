import { setImmediate as nextTurn } from 'node:timers/promises';
import { Lookup } from './lookup.js';

interface Row {
  id: string;
  found: number;
}

/** Finds what does not begin with "absent", and numbers what it was asked. */
function lookup(): { rows: Lookup<Row>; asked: (readonly string[])[] } {
  const asked: (readonly string[])[] = [];
  const find = (keys: readonly string[]): Promise<Row[]> => {
    asked.push(keys);
    const present = keys.filter((key) => !key.startsWith('absent'));
    return Promise.resolve(present.map((id) => ({ id, found: asked.length })).reverse());
  };
  return { rows: new Lookup(find, ({ id }) => id), asked };
}

it('asks once for all that is asked in a turn, and gives each its own row', async () => {
  const { rows, asked } = lookup();
  const found = await Promise.all(['a', 'absent', 'b', 'a'].map((key) => rows.find(key)));
  expect(found).toEqual([{ id: 'a', found: 1 }, undefined, { id: 'b', found: 1 }, { id: 'a', found: 1 }]);
  expect(asked).toEqual([['a', 'absent', 'b', 'a']]);
});

it('gives what was asked later an answer of its own, while the first is awaited as well as after', async () => {
  const { rows, asked } = lookup();
  const first = rows.find('a');
  await nextTurn();
  expect(await Promise.all([rows.find('a'), first])).toEqual([
    { id: 'a', found: 2 },
    { id: 'a', found: 1 },
  ]);
  expect(await rows.find('a')).toEqual({ id: 'a', found: 3 });
  expect(asked).toHaveLength(3);
});

it('asks for at most 500 at once', async () => {
  const { rows, asked } = lookup();
  await Promise.all(Array.from({ length: 1_001 }, (_, index) => rows.find(`${index}`)));
  expect(asked.map((keys) => keys.length)).toEqual([500, 500, 1]);
});

it('reports a fault to everybody who asked, and asks again afterwards', async () => {
  let isBroken = true;
  const rows = new Lookup<Row>(
    (keys) =>
      isBroken ? Promise.reject(new Error('broken')) : Promise.resolve(keys.map((id) => ({ id, found: 1 }))),
    ({ id }) => id,
  );
  const outcomes = await Promise.allSettled([rows.find('a'), rows.find('b')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isBroken = false;
  expect(await rows.find('a')).toEqual({ id: 'a', found: 1 });
});
