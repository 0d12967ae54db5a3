import type { Result } from './load.js';

/** Prints what a fault cost, one line a round. */
export function report(name: string, round: number, result: Result): void {
  const { sent, failed, longestGap, longestAnswer, lost, stale, doubled } = result;
  const all = [...failed.values()].reduce((sum, count) => sum + count, 0);
  const causes = [...failed].map(([name, count]) => `${name} ${String(count)}`);
  const gaps = [...longestGap].map(([kind, ms]) => `${kind} ${String(ms)}`);
  process.stdout.write(
    `${name}, round ${String(round)}: ${String(sent)} requests, ${String(all)} failed (${causes.join(', ')}); ` +
      `without a success, ms: ${gaps.join(', ')}; longest answer ${String(longestAnswer)} ms; ` +
      `lost ${String(lost)}, stale ${String(stale)}, doubled ${String(doubled)}\n`,
  );
}
