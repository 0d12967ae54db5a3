import type { Database } from '../../../payments/database/database.js';
import { countByKey, type KeyUsage } from '../../../payments/key-rotation/key-usage.js';
import { progressStream } from '../../program.js';
import { progressReporter } from '../../progress.js';

/** Counts what each key has sealed, and shows how far that is. */
export async function countValues(database: Database): Promise<Map<string, KeyUsage>> {
  const reporter = progressReporter(progressStream(), 'projects');
  const usage = await countByKey(database, (progress) => {
    reporter.report(progress, { counted: progress.done, total: progress.total });
  });
  reporter.end();
  return usage;
}
