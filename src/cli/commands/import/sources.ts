import { createReadStream } from 'node:fs';
import { CsvError, parse } from 'csv-parse';
import pg from 'pg';
import type { ImportRow } from '../../../payments/stripe-config/import-rows.js';
import { CREDENTIAL_FIELDS } from '../../../payments/domain/credentials.js';
import { CommandFault, databaseCause } from '../../fault.js';

const COLUMNS: readonly string[] = ['project_id', ...CREDENTIAL_FIELDS];
const COLUMNS_FAULT = `The columns must be project_id and some of ${CREDENTIAL_FIELDS.join(', ')}; name them so, or leave others out.`;
/** Rows that are fetched at once. */
const FETCH = 1_000;
/** The rows between two fetches take as long as they take, above all where Stripe is asked about their keys. */
const BEGIN = `BEGIN READ ONLY;
  SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** One project, whose credentials are variables: the prefix, and the names of the columns in capitals. */
export function* rowsOfVariables(
  prefix: string,
  variables: Readonly<Record<string, string | undefined>>,
): Generator<ImportRow> {
  const valueOf = (column: string): string | undefined => variables[`${prefix}${column.toUpperCase()}`];
  const given = CREDENTIAL_FIELDS.flatMap((field) => {
    const value = valueOf(field);
    return value === undefined ? [] : [[field, value] as const];
  });
  if (given.length === 0) {
    throw new CommandFault(
      `No variable ${prefix}${CREDENTIAL_FIELDS.map((field) => field.toUpperCase()).join(`, ${prefix}`)} is set.`,
    );
  }
  yield { row: 1, project_id: valueOf('project_id'), credentials: Object.fromEntries(given) };
}

/** The rows of a CSV file, or of standard input (`-`), whose first line names the columns. */
export async function* rowsOfCsv(file: string): AsyncGenerator<ImportRow> {
  const input: NodeJS.ReadableStream = file === '-' ? process.stdin : createReadStream(file);
  // Without the names that the file gives its columns: it may have none, and begin with a credential.
  const columns = (names: string[]): string[] => {
    requireColumns(names);
    return names;
  };
  const parser = parse({ columns, bom: true, trim: true, skip_empty_lines: true });
  input.on('error', (error: Error) => parser.destroy(error));
  try {
    let row = 0;
    for await (const record of input.pipe(parser) as AsyncIterable<Record<string, unknown>>) {
      yield rowOf((row += 1), record);
    }
  } catch (error) {
    if (error instanceof CommandFault) throw error;
    // Its message would repeat a part of the line.
    if (error instanceof CsvError) {
      const { lines } = error as { lines?: number };
      throw new CommandFault(
        `Line ${lines ?? 'unknown'} is no CSV (${error.code}); rows before it were imported.`,
      );
    }
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CommandFault(`The CSV file cannot be read (${code}); check its path and mode.`);
  }
}

/** The rows of a SELECT, which is run in a transaction that only reads, by a cursor. */
export async function* rowsOfQuery(url: string, select: string): AsyncGenerator<ImportRow> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(BEGIN);
    await client.query(`DECLARE import_rows NO SCROLL CURSOR FOR ${select}`);
    for (let row = 0; ;) {
      const { rows, fields } = await client.query<Record<string, unknown>>(`FETCH ${FETCH} FROM import_rows`);
      requireColumns(fields.map(({ name }) => name));
      if (rows.length === 0) return;
      for (const record of rows) yield rowOf((row += 1), record);
    }
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    throw new CommandFault(
      `The statement of --sql failed (${error.code ?? 'unknown'})${databaseCause(error)}; it must be one SELECT that this user may run.`,
    );
  } finally {
    await client.end();
  }
}

function requireColumns(names: readonly string[]): void {
  const isKnown = names.every((name) => COLUMNS.includes(name));
  if (!isKnown || !names.includes('project_id') || names.length < 2) throw new CommandFault(COLUMNS_FAULT);
}

function rowOf(row: number, { project_id, ...credentials }: Record<string, unknown>): ImportRow {
  return { row, project_id, credentials };
}
