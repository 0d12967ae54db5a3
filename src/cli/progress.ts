import type { RewrapProgress } from '../payments/key-custody/rewrap.js';

const BAR_WIDTH = 30;

/** Tells how a long command goes: a bar on a terminal, JSON lines otherwise. */
export function progressReporter(): {
  report: (progress: RewrapProgress) => void;
  end: (result: object) => void;
} {
  if (!process.stdout.isTTY) {
    const write = (value: object): void => {
      process.stdout.write(`${JSON.stringify(value)}\n`);
    };
    return { report: write, end: write };
  }
  return {
    report({ rewrapped, total }) {
      const part = total === 0 ? 1 : Math.min(1, rewrapped / total);
      const bar = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
      process.stdout.write(`\r[${bar}] ${Math.floor(part * 100)} %  ${rewrapped} of ${total} rows`);
    },
    end() {
      process.stdout.write('\nDone.\n');
    },
  };
}
