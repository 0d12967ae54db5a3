import { RateLimited } from '../domain/errors.js';
import { FairPlaces } from './fair-places.js';

/** Takes places until there are none, and says how many there were. */
function takeAll(places: FairPlaces, asker: string): { count: number; end: () => Promise<void> } {
  const running: Promise<void>[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  let begun = 0;
  for (let tries = 0; tries < 20; tries++) {
    const work = (): Promise<void> => {
      begun += 1;
      return held;
    };
    running.push(places.within(asker, work).catch(ignoreLimit));
  }
  return {
    count: begun,
    async end() {
      release();
      await Promise.all(running);
    },
  };
}

function ignoreLimit(error: unknown): void {
  if (!(error instanceof RateLimited)) throw error;
}

it.each([
  [8, [4, 2, 1, 1, 0]],
  [3, [2, 1, 0]],
  [2, [1, 1, 0]],
  [1, [1, 0]],
  [Infinity, [20, 20]],
])('leaves places for others: of %d', (count, shares) => {
  const places = new FairPlaces(count);
  expect(shares.map((_, index) => takeAll(places, `asker ${index}`).count)).toEqual(shares);
});

it('gives a place back when its work has ended, however it ended', async () => {
  const places = new FairPlaces(8);
  const greedy = takeAll(places, 'greedy');
  await expect(places.within('greedy', () => Promise.resolve())).rejects.toBeInstanceOf(RateLimited);
  await expect(places.within('other', () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(await places.within('other', () => Promise.resolve('done'))).toBe('done');
  await greedy.end();
  expect(takeAll(places, 'greedy').count).toBe(4);
});
