import { Kept, type Made } from './kept.js';

let kept: Kept<string>;

beforeEach(() => {
  kept = new Kept();
});

const made = (value: string, version = 1): Promise<Made<string>> => Promise.resolve({ version, value });

/** Something that is being made until it is told what came of it. */
function making() {
  let done!: (outcome: Made<string>) => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<Made<string>>((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  return { promise, done, fail };
}

it('gives what it keeps, while it is being made as well', async () => {
  const { promise, done } = making();
  const first = kept.keep('a', promise);
  const second = kept.recall('a');
  done({ version: 1, value: 'made' });
  expect(await Promise.all([first, second, kept.recall('a')])).toEqual(['made', 'made', 'made']);
  expect(kept.recall('b')).toBeUndefined();
});

it('keeps no failure', async () => {
  const { promise, fail } = making();
  const first = kept.keep('a', promise);
  fail(new Error('no'));
  await expect(first).rejects.toThrow('no');
  expect(kept.recall('a')).toBeUndefined();
  expect(kept.projectIds).toEqual([]);
});

it('keeps the new one, whatever becomes of one that was forgotten while it was being made', async () => {
  const [failing, late] = [making(), making()];
  const first = kept.keep('a', failing.promise);
  kept.forget('a');
  const second = kept.keep('a', late.promise);
  kept.forget('a');
  await kept.keep('a', made('new', 3));
  failing.fail(new Error('no'));
  late.done({ version: 2, value: 'old' });
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe('old');
  expect(await kept.recall('a')).toBe('new');
  kept.forgetUnless('a', 3);
  expect(await kept.recall('a')).toBe('new');
});

it.each([[2], [0], [undefined]])('forgets what was made of version 1 when it is %s now', async (version) => {
  await kept.keep('a', made('x'));
  await kept.keep('b', made('y'));
  kept.forgetUnless('a', 1);
  expect(await kept.recall('a')).toBe('x');
  kept.forgetUnless('a', version);
  expect(kept.recall('a')).toBeUndefined();
  expect(await kept.recall('b')).toBe('y');
});

it('does not judge what is still being made', async () => {
  const { promise, done } = making();
  void kept.keep('a', promise);
  kept.forgetUnless('a', 1);
  done({ version: 2, value: 'x' });
  expect(await kept.recall('a')).toBe('x');
});

it('keeps of 1,000 projects what was used last', async () => {
  for (let index = 0; index < 1_000; index++) await kept.keep(`${index}`, made('x'));
  await kept.recall('0');
  await kept.keep('more', made('x'));
  expect(kept.projectIds).toHaveLength(1_000);
  expect(kept.recall('0')).toBeDefined();
  expect(kept.recall('1')).toBeUndefined();
  expect(kept.recall('2')).toBeDefined();
});
