import { jest } from '@jest/globals';
import { WaitingRequests } from './waiting-requests.js';

let waiting: WaitingRequests;
let done: string[];

beforeEach(() => {
  jest.useFakeTimers();
  waiting = new WaitingRequests();
  done = [];
});
afterEach(() => {
  jest.useRealTimers();
});

function add(name: string): void {
  waiting.add(
    () => done.push(`${name} started`),
    () => done.push(`${name} refused`),
  );
}

it('starts what has waited the longest, each once', () => {
  add('first');
  add('second');
  expect([waiting.isAny, ...done]).toEqual([true]);
  waiting.startNext();
  waiting.startNext();
  waiting.startNext();
  jest.advanceTimersByTime(10_000);
  expect([waiting.isAny, ...done]).toEqual([false, 'first started', 'second started']);
});

it('forgets what has left, and refuses nobody for it', () => {
  const left = (): void => void done.push('left started');
  waiting.add(left, () => done.push('left refused'));
  waiting.leave(left);
  expect(waiting.isAny).toBe(false);
  jest.advanceTimersByTime(250);
  add('next');
  waiting.startNext();
  expect(done).toEqual(['next started']);
});

it('refuses what has waited in vain, and further ones at once while that goes on', () => {
  add('first');
  jest.advanceTimersByTime(249);
  add('second');
  expect(done).toEqual([]);
  jest.advanceTimersByTime(1);
  add('third');
  expect(done).toEqual(['first refused', 'third refused']);
  jest.advanceTimersByTime(249);
  expect(done).toEqual(['first refused', 'third refused', 'second refused']);
  jest.advanceTimersByTime(249);
  add('fourth');
  expect(done.at(-1)).toBe('fourth refused');
  jest.advanceTimersByTime(250);
  add('fifth');
  waiting.startNext();
  expect(done.at(-1)).toBe('fifth started');
});

it('lets others wait again soon, however many were refused at once meanwhile', () => {
  add('first');
  jest.advanceTimersByTime(250);
  for (let count = 1; count <= 5; count++) {
    add('at once');
    jest.advanceTimersByTime(50);
  }
  expect(done).toEqual(['first refused', ...Array<string>(5).fill('at once refused')]);
  add('later');
  waiting.startNext();
  expect(done.at(-1)).toBe('later started');
});

it('lets no more wait than have room', () => {
  for (let count = 1; count <= 1_000; count++) add(String(count));
  expect(done).toEqual([]);
  add('one more');
  expect(done).toEqual(['one more refused']);
  waiting.startNext();
  add('the next');
  expect(done).toEqual(['one more refused', '1 started']);
});
