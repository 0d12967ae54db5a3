import { randomUUID } from 'node:crypto';
import { userInfo } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { environment } from '../../app/settings/environment.js';
import { readHostDatabaseUrl, readStripeApiBase } from '../../app/settings/command-settings.js';
import { Sealer } from '../../payments/crypto/sealer.js';
import { CREDENTIAL_FIELDS } from '../../payments/domain/credentials.js';
import {
  PROJECT_ID_FORM_NAMES,
  ProjectIds,
  type ProjectIdFormName,
} from '../../payments/domain/project-ids.js';
import type {
  ImportOptions as ImportTarget,
  ImportResult,
} from '../../payments/stripe-config/config-import.js';
import type { ImportRow } from '../../payments/stripe-config/import-rows.js';
import type { CommandHost } from '../command-host.js';
import { CommandFault } from '../fault.js';
import { action, createProgram, say, type Result } from '../program.js';
import { rowsOfCsv, rowsOfQuery, rowsOfVariables } from './import/sources.js';
import { openRing } from './keys/ring-file.js';

/** Rows that are stored by one statement. */
const BATCH = 500;

interface ImportOptions {
  fromEnv?: string;
  csv?: string;
  sql?: string;
  dryRun?: true;
  verify?: true;
  verifyRate: number;
  replace?: true;
  operator: string;
  projectIds: ProjectIdFormName;
}

async function importRows(host: CommandHost, options: ImportOptions): Promise<Result> {
  const source = sourceOf(options);
  const dryRun = options.dryRun === true;
  const ring = await openRing();
  // Loaded when needed, since they bring Nest.
  const { ConfigImport } = await import('../../payments/stripe-config/config-import.js');
  const { KeyRingCheck } = await import('../../payments/key-ring/key-ring-check.js');
  const { CurrentKeyRing } = await import('../../payments/key-ring/current-key-ring.js');
  const total = { read: 0, created: 0, updated: 0, unchanged: 0, empty: 0, refused: 0 };
  const faults: ImportResult['faults'] = [];
  await host.withDatabase(async (database) => {
    const check = new KeyRingCheck(database, new CurrentKeyRing(ring));
    const fault = dryRun ? undefined : await check.replaceRing(ring);
    if (fault !== undefined) throw new CommandFault(`The key ring does not fit the database: ${fault}.`);
    const target = new ConfigImport(database, new Sealer(ring), {
      projectIds: ProjectIds.of(options.projectIds),
      actor: `nest-stripe-config import, ${options.operator}`.slice(0, 255),
      requestId: randomUUID(),
      dryRun,
      replace: options.replace === true,
      findKeyFault: options.verify && (await keyVerification(options.verifyRate)),
    });
    for await (const rows of batchesOf(source)) {
      const result = await target.store(rows);
      for (const each of result.faults) say(JSON.stringify(each));
      faults.push(...result.faults);
      total.read += rows.length;
      total.refused += result.faults.length;
      for (const name of ['created', 'updated', 'unchanged', 'empty'] as const) total[name] += result[name];
      process.stderr.write(`${JSON.stringify(total)}\n`);
    }
    if (!dryRun) await check.signOff();
  });
  const result = { ...total, dryRun, faults };
  say(JSON.stringify({ ...total, dryRun }));
  if (faults.length > 0) {
    throw new CommandFault(`${faults.length} row(s) were not stored; all others were.`, result);
  }
  if (!dryRun) say('', 'Once every project works, blank the source. This was not run:', blankingOf(options));
  return result;
}

function sourceOf({ fromEnv, csv, sql }: ImportOptions): Iterable<ImportRow> | AsyncIterable<ImportRow> {
  if ([fromEnv, csv, sql].filter((each) => each !== undefined).length !== 1) {
    throw new CommandFault('Name one source: --from-env, --csv or --sql.');
  }
  if (fromEnv !== undefined) return rowsOfVariables(fromEnv, environment());
  return csv === undefined ? rowsOfQuery(readHostDatabaseUrl(), sql ?? '') : rowsOfCsv(csv);
}

async function keyVerification(perSecond: number): Promise<ImportTarget['findKeyFault']> {
  const { KeyVerifier } = await import('./import/key-verifier.js');
  const { STRIPE_API_BASE } = await import('../../payments/options/resolve-options.js');
  const verifier = new KeyVerifier(readStripeApiBase() ?? STRIPE_API_BASE, perSecond);
  return (key, mode) => verifier.findFault(key, mode);
}

async function* batchesOf(rows: Iterable<ImportRow> | AsyncIterable<ImportRow>): AsyncGenerator<ImportRow[]> {
  let batch: ImportRow[] = [];
  for await (const row of rows) {
    if (batch.push(row) < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

function readRate(text: string): number {
  const rate = Number(text);
  if (!(rate > 0 && rate <= 100)) throw new InvalidArgumentError('It must be a number above 0, at most 100.');
  return rate;
}

/** What removes the credentials from where they were. The columns of a SELECT may have other names in their table. */
function blankingOf({ fromEnv, sql }: ImportOptions): string {
  if (fromEnv !== undefined) {
    return `unset ${CREDENTIAL_FIELDS.map((field) => fromEnv + field.toUpperCase()).join(' ')}`;
  }
  if (sql === undefined) return 'shred --remove FILE';
  const [, table = 'TABLE'] = /\bfrom\s+((?:"[^"]+"|[\w.])+)/i.exec(sql) ?? [];
  const columns = CREDENTIAL_FIELDS.filter((field) => sql.includes(field));
  return `UPDATE ${table} SET ${(columns.length > 0 ? columns : CREDENTIAL_FIELDS).map((column) => `${column} = NULL`).join(', ')};`;
}

/** `import`: credentials that an application has stored so far. */
export function importCommand(host: CommandHost): Command {
  return createProgram(
    'import',
    'Stores credentials that are elsewhere so far. Columns are project_id and the names of the API, such as test_secret_key. What is stored already is left alone, so that it may be interrupted and run again.',
  )
    .option(
      '--from-env <prefix>',
      'one project, from variables such as <prefix>PROJECT_ID and <prefix>TEST_SECRET_KEY',
    )
    .option('--csv <file>', 'a CSV file whose first line names the columns; -: standard input')
    .option('--sql <select>', 'a SELECT on the same database')
    .option('--dry-run', 'validate and compare every row, and write nothing')
    .option(
      '--verify',
      'ask Stripe about every secret key that would be stored, and store none that it refuses',
    )
    .addOption(
      new Option('--verify-rate <keys>', 'how many keys to ask about in a second, at most 100')
        .default(20)
        .argParser(readRate),
    )
    .option('--replace', 'replace stored values by others')
    .option('--operator <name>', 'who does it, for the audit trail', userInfo().username)
    .addOption(
      new Option('--project-ids <form>', 'what ids of projects look like')
        .choices(PROJECT_ID_FORM_NAMES)
        .default('uuid'),
    )
    .action(action((options: ImportOptions) => importRows(host, options)));
}
