import { ReloadLimit } from './reload-limit.js';

/** Whether one is given at each of some times, in milliseconds. */
const at = (...times: number[]): boolean[] => {
  const limit = new ReloadLimit();
  return times.map((time) => limit.take('a', time));
};

it('gives four at once, and then one a second', () => {
  expect(at(0, 1, 2, 3, 4, 999, 1_000, 1_001, 2_000, 2_001)).toEqual([
    ...[true, true, true, true],
    ...[false, false, true, false, true, false],
  ]);
});

it('gives four at once again after as many seconds, and no more after a day', () => {
  expect(at(0, 0, 0, 0, 4_000, 4_000, 4_000, 4_000, 4_000)).toEqual([...Array<boolean>(8).fill(true), false]);
  expect(at(0, 86_400_000, 86_400_000, 86_400_000, 86_400_000, 86_400_000)).toEqual([
    ...Array<boolean>(5).fill(true),
    false,
  ]);
});

it('keeps addresses apart', () => {
  const limit = new ReloadLimit();
  for (let count = 0; count < 5; count++) limit.take('a', 0);
  expect(limit.take('b', 0)).toBe(true);
});
