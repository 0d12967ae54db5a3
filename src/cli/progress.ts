import type { RewrapProgress } from '../payments/key-rotation/rewrap.js';

const BAR_WIDTH = 30;

/** Reports the progress of a long command: a bar on a terminal, JSON lines otherwise. */
export function progressReporter(stream: NodeJS.WriteStream | undefined): {
  report: (progress: RewrapProgress) => void;
  end: (result: object) => void;
} {
  if (stream?.isTTY !== true) {
    const write = (value: object): void => {
      stream?.write(`${JSON.stringify(value)}\n`);
    };
    return { report: write, end: write };
  }
  return {
    report({ rewrapped, total }) {
      const part = total === 0 ? 1 : Math.min(1, rewrapped / total);
      const bar = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
      stream.write(`\r[${bar}] ${Math.floor(part * 100)} %  ${rewrapped} of ${total} rows`);
    },
    end() {
      stream.write('\nDone.\n');
    },
  };
}
