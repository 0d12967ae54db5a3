import type { Database } from '../../../payments/database/database.js';
import { countByKey, type KeyUsage } from '../../../payments/key-rotation/key-usage.js';
import { readingReporter } from '../../progress.js';

/** Counts what each key has sealed, and shows how far that is. */
export async function countValues(database: Database): Promise<Map<string, KeyUsage>> {
  const reporter = readingReporter('projects', 'counted');
  const usage = await countByKey(database, reporter.report);
  reporter.end();
  return usage;
}
