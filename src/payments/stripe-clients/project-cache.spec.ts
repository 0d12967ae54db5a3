import { ProjectCache, type Versioned } from './project-cache.js';

let cache: ProjectCache<string>;

beforeEach(() => {
  cache = new ProjectCache();
});

const made = (value: string, version = 1): Promise<Versioned<string>> => Promise.resolve({ version, value });

/** A value that is pending until the test settles it. */
function pending() {
  let done!: (outcome: Versioned<string>) => void;
  let fail!: (error: Error) => void;
  const promise = new Promise<Versioned<string>>((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  return { promise, done, fail };
}

it('gives what it caches, also while it is pending', async () => {
  const { promise, done } = pending();
  const first = cache.set('a', promise);
  const second = cache.get('a');
  done({ version: 1, value: 'made' });
  expect(await Promise.all([first, second, cache.get('a')])).toEqual(['made', 'made', 'made']);
  expect(cache.get('b')).toBeUndefined();
});

it('caches no failure', async () => {
  const { promise, fail } = pending();
  const first = cache.set('a', promise);
  fail(new Error('no'));
  await expect(first).rejects.toThrow('no');
  expect(cache.get('a')).toBeUndefined();
  expect(cache.projectIds).toEqual([]);
});

it('caches the new one, whatever becomes of one that was deleted while it was pending', async () => {
  const [failing, late] = [pending(), pending()];
  const first = cache.set('a', failing.promise);
  cache.delete('a');
  const second = cache.set('a', late.promise);
  cache.delete('a');
  await cache.set('a', made('new', 3));
  failing.fail(new Error('no'));
  late.done({ version: 2, value: 'old' });
  await expect(first).rejects.toThrow('no');
  expect(await second).toBe('old');
  expect(await cache.get('a')).toBe('new');
  cache.deleteUnless('a', 3);
  expect(await cache.get('a')).toBe('new');
});

it.each([[2], [0], [undefined]])('deletes what was made of version 1 when it is %s now', async (version) => {
  await cache.set('a', made('x'));
  await cache.set('b', made('y'));
  cache.deleteUnless('a', 1);
  expect(await cache.get('a')).toBe('x');
  cache.deleteUnless('a', version);
  expect(cache.get('a')).toBeUndefined();
  expect(await cache.get('b')).toBe('y');
});

it('does not compare what is still pending', async () => {
  const { promise, done } = pending();
  void cache.set('a', promise);
  cache.deleteUnless('a', 1);
  done({ version: 2, value: 'x' });
  expect(await cache.get('a')).toBe('x');
});

it('caches the 1,000 projects that were used last', async () => {
  for (let index = 0; index < 1_000; index++) await cache.set(`${index}`, made('x'));
  await cache.get('0');
  await cache.set('more', made('x'));
  expect(cache.projectIds).toHaveLength(1_000);
  expect(cache.get('0')).toBeDefined();
  expect(cache.get('1')).toBeUndefined();
  expect(cache.get('2')).toBeDefined();
});
