import type { Database } from './database.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { takeWriteTurn, writeLimits, type Hold } from './write-turns.js';

/** A database as far as turns look at it, whose pool waits for a connection for a moment. */
function sourceOf(max: number, isOpen = true): Database {
  const pool = { options: { max, connectionTimeoutMillis: 20 } };
  return { pool: isOpen ? pool : undefined } as unknown as Database;
}

async function takeAll(source: Database, hold: Hold): Promise<(() => void)[]> {
  return Promise.all(Array.from({ length: writeLimits(source)[hold] }, () => takeWriteTurn(source, hold)));
}

it.each([
  [10, 7, 5],
  [20, 14, 12],
  [3, 2, 1],
  [1, 1, 1],
])(
  'of %i connections writes hold %i, %i of them for longer than a statement',
  (max, statement, transaction) => {
    expect(writeLimits(sourceOf(max))).toEqual({ statement, transaction });
  },
);

it('transactions leave turns for what they wait for', async () => {
  const source = sourceOf(10);
  await takeAll(source, 'transaction');

  await expect(takeWriteTurn(source, 'transaction')).rejects.toThrow(DependencyUnavailable);
  await expect(takeWriteTurn(source, 'statement')).resolves.toEqual(expect.any(Function));
});

it('a turn that ends is that of who waits longest', async () => {
  const source = sourceOf(10);
  const [end] = await takeAll(source, 'statement');
  const order: string[] = [];
  const first = takeWriteTurn(source, 'statement').then(() => order.push('first'));
  const second = takeWriteTurn(source, 'statement').then(
    () => order.push('second'),
    () => order.push('second is refused'),
  );
  end?.();
  await Promise.all([first, second]);

  expect(order).toEqual(['first', 'second is refused']);
});

it('of those that wait, one too many is refused at once', async () => {
  const source = sourceOf(1);
  const [end] = await takeAll(source, 'statement');
  const order: string[] = [];
  const waiting = Array.from({ length: 17 }, (_, index) =>
    takeWriteTurn(source, 'statement').then(
      (endTurn) => {
        order.push('turn');
        endTurn();
      },
      () => order.push(`${index} is refused`),
    ),
  );
  await waiting[16];
  expect(order).toEqual(['16 is refused']);
  end?.();
  await Promise.all(waiting);
  expect(order).toEqual(['16 is refused', ...Array.from({ length: 16 }, () => 'turn')]);
});

it('a database that is closed has none', async () => {
  await expect(takeWriteTurn(sourceOf(10, false), 'statement')).rejects.toThrow(DependencyUnavailable);
});
