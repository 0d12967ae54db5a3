import { findUnreadable, type UnreadableValue } from '../../../payments/key-rotation/key-usage.js';
import { rewrap } from '../../../payments/key-rotation/rewrap.js';
import type { CommandHost } from '../../command-host.js';
import { CommandFault } from '../../fault.js';
import { progressStream, say, type Result } from '../../program.js';
import { progressReporter, readingReporter } from '../../progress.js';
import { sealerOfRing } from './ring-file.js';

/** How stored values are sealed again. */
export interface RewrapOptions {
  dryRun?: boolean;
  batchSize: number;
  rate: number;
}

export async function rewrapAll(
  host: CommandHost,
  { dryRun = false, ...options }: RewrapOptions,
): Promise<Result> {
  const sealer = await sealerOfRing();
  const reporter = progressReporter(progressStream(), 'rows');
  const result = await host.withDatabase((database) =>
    rewrap(database, sealer, {
      ...options,
      dryRun,
      onProgress(progress) {
        reporter.report({ done: progress.rewrapped, total: progress.total }, progress);
      },
    }),
  );
  reporter.end({ done: true, ...result });
  if (result.unreadable > 0) {
    throw new CommandFault(
      `${result.unreadable} row(s) hold a value that no key of the ring opens:\n${result.unreadableIds.join('\n')}\n` +
        'Restore the key they were sealed under, or let their owners store the credentials again.',
      result,
    );
  }
  return result;
}

export async function verify(host: CommandHost): Promise<Result> {
  const sealer = await sealerOfRing();
  const unreadable: UnreadableValue[] = [];
  const reporter = readingReporter('rows', 'opened');
  await host.withDatabase(async (database) => {
    for await (const value of findUnreadable(database, sealer, reporter.report)) {
      unreadable.push(value);
      say(JSON.stringify(value));
    }
  });
  reporter.end();
  if (unreadable.length > 0) {
    throw new CommandFault(`${unreadable.length} stored value(s) cannot be opened.`, { unreadable });
  }
  say('Every stored value can be opened.');
  return { unreadable };
}
