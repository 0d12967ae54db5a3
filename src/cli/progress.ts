import { progressStream } from './program.js';

const BAR_WIDTH = 30;

/** How far a long command is. */
export interface Progress {
  done: number;
  total: number;
}

/**
 * Reports the progress of a long command: a bar on a terminal, JSON lines otherwise.
 *
 * @param unit what is counted, beside the bar
 */
export function progressReporter(
  stream: NodeJS.WriteStream | undefined,
  unit: string,
): {
  /** @param line what the JSON line says */
  report: (progress: Progress, line: object) => void;
  /** @param line what the last JSON line says; without it there is none */
  end: (line?: object) => void;
} {
  if (stream?.isTTY !== true) {
    const write = (value: object | undefined): void => {
      if (value !== undefined) stream?.write(`${JSON.stringify(value)}\n`);
    };
    return {
      report(_, line) {
        write(line);
      },
      end: write,
    };
  }
  return {
    report({ done, total }) {
      const part = total === 0 ? 1 : Math.min(1, done / total);
      const bar = '#'.repeat(Math.round(part * BAR_WIDTH)).padEnd(BAR_WIDTH, '.');
      stream.write(`\r[${bar}] ${Math.floor(part * 100)} %  ${done} of ${total} ${unit}`);
    },
    end() {
      stream.write('\nDone.\n');
    },
  };
}

/**
 * Reports how far a command is that reads everything, and whose output is what it finds: it says nothing when all is read at once.
 *
 * @param unit what is counted, beside the bar
 * @param read what a JSON line calls the number that is done
 */
export function readingReporter(
  unit: string,
  read: string,
): { report: (progress: Progress) => void; end: () => void } {
  const reporter = progressReporter(progressStream(), unit);
  let isLong = false;
  return {
    report(progress) {
      isLong ||= progress.done < progress.total;
      if (isLong) reporter.report(progress, { [read]: progress.done, total: progress.total });
    },
    end() {
      if (isLong) reporter.end();
    },
  };
}
