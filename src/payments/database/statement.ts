/** A type of PostgreSQL by its name there, with what its values are here. */
export interface SqlType<T> {
  readonly name: string;
  /** Never set: it carries the type. */
  readonly value?: T;
}

export const uuid: SqlType<string> = { name: 'uuid' };
export const text: SqlType<string> = { name: 'text' };
export const varchar: SqlType<string> = { name: 'character varying' };
export const integer: SqlType<number> = { name: 'integer' };
export const float: SqlType<number> = { name: 'double precision' };
export const bigint: SqlType<number> = { name: 'bigint' };
export const boolean: SqlType<boolean> = { name: 'boolean' };
/** A parameter. */
export const timestamp: SqlType<Date | string> = { name: 'timestamp with time zone' };
/**
 * A time as statements select it: `extract(epoch FROM created_at) * 1000 AS created_at`. How PostgreSQL writes a time itself
 * depends on settings of the database, the role and the connection (`DateStyle`, `TimeZone`).
 */
export const time: SqlType<Date> = { name: 'numeric' };

/**
 * Such a time where functions must not depend on settings, as `extract` from a time does for all but the epoch: Citus allows no
 * others in RETURNING.
 */
export function milliseconds(column: string): string {
  return `extract(epoch FROM ${column} - timestamptz 'epoch') * 1000`;
}

/** A text that is one of some words. */
export function word<T extends string>(): SqlType<T> {
  return { name: 'text' };
}

/** Which values there may also be null. */
export function nullable<T>(type: SqlType<T>): SqlType<T | null> {
  return type;
}

/** An array. A null in one depends on the setting `array_nulls`. */
export function listOf<T>(type: SqlType<T>): SqlType<readonly T[]> {
  return { name: `${type.name}[]` };
}

/** A `jsonb` of a shape. */
export function json<T>(): SqlType<T> {
  return { name: 'jsonb' };
}

/** By name. */
export type SqlTypes = Readonly<Record<string, SqlType<unknown>>>;

/** The values of {@link SqlTypes}. */
export type ValuesOf<T extends SqlTypes> = {
  [Name in keyof T]: T[Name] extends SqlType<infer Value> ? Value : never;
};

/** One SQL text with the types of what goes in and comes out, which a test compares with PostgreSQL's own. */
export interface Statement<Parameters extends SqlTypes, Columns extends SqlTypes> {
  /** Under this PostgreSQL keeps its plan on each connection: one text has one name, in the whole process. */
  readonly name: string;
  readonly parameters: Parameters;
  readonly columns: Columns;
  /** Tables and functions stand behind `{schema}.`, parameters behind a colon. */
  readonly text: string;
  /** The same for tables that are spread over several machines, which cannot do it together as `text` says. */
  readonly spreadText?: string;
}

/**
 * A text without its locks of rows, which only one machine can take. What it writes must depend on what is still so when it is
 * written. Two at once may wait for each other, until one of them is ended.
 */
export function withoutLocks(text: string): string {
  return text.replace(/ FOR (?:NO KEY )?UPDATE(?: SKIP LOCKED)?\b/g, '');
}

/** A row of a statement. */
export type RowOf<S> = S extends Statement<SqlTypes, infer Columns> ? ValuesOf<Columns> : never;

/** The parameters of a statement. */
export type ParametersOf<S> = S extends Statement<infer Parameters, SqlTypes> ? ValuesOf<Parameters> : never;

/** Declares a {@link Statement}. */
export function statement<Parameters extends SqlTypes, Columns extends SqlTypes>(
  declared: Statement<Parameters, Columns>,
): Statement<Parameters, Columns> {
  return declared;
}

/** `:name`, but neither the second colon of a cast nor what follows it. */
const PARAMETER = /(?<!:):([a-z_]+)/g;

/** A text as PostgreSQL takes it, and whose value each of its numbered parameters is. */
export interface PreparedText {
  readonly sql: string;
  readonly order: readonly string[];
}

/** Compiled statements, by the schema of their tables: for tables on one machine, and for those that are spread. */
const PREPARED = [false, true].map(() => new WeakMap<object, Map<string | undefined, PreparedText>>());

/**
 * @param schema of the tables; undefined: the connection's search path finds them
 * @param isSpread whether the tables are spread over several machines
 */
export function prepareText(
  statement: { readonly text: string; readonly spreadText?: string },
  schema: string | undefined,
  isSpread = false,
): PreparedText {
  const compiled = PREPARED[Number(isSpread)];
  const bySchema = compiled?.get(statement) ?? new Map<string | undefined, PreparedText>();
  compiled?.set(statement, bySchema);
  const text = isSpread ? (statement.spreadText ?? statement.text) : statement.text;
  const known = bySchema.get(schema) ?? inSchema(numbered(text), schema);
  bySchema.set(schema, known);
  return known;
}

function numbered(text: string): PreparedText {
  const order: string[] = [];
  const sql = text.replace(PARAMETER, (_, name: string) => {
    if (!order.includes(name)) order.push(name);
    return `$${order.indexOf(name) + 1}`;
  });
  return { sql, order };
}

/** Runs last, since the name of a schema may hold anything, even a colon before a word. */
function inSchema({ sql, order }: PreparedText, schema: string | undefined): PreparedText {
  const prefix = schema === undefined ? '' : `"${schema.replaceAll('"', '""')}".`;
  return { sql: sql.replaceAll('{schema}.', () => prefix), order };
}

/** The values in the order of the numbered parameters, as the driver takes them. */
export function valuesInOrder(
  { parameters }: Pick<Statement<SqlTypes, SqlTypes>, 'parameters'>,
  order: readonly string[],
  values: Readonly<Record<string, unknown>>,
): unknown[] {
  return order.map((name) => {
    const value = values[name] ?? null;
    return parameters[name]?.name === 'jsonb' && value !== null ? JSON.stringify(value) : value;
  });
}

const asItIs = (value: string): string => value;

/** How a result's column is parsed, by the id of its type (`pg_type.oid`, the same everywhere). */
const PARSERS = new Map<number, (value: string) => unknown>([
  [16, (value) => value === 't'], // boolean
  [20, Number], // bigint: counts
  [23, Number], // integer
  [25, asItIs],
  [114, JSON.parse],
  [1043, asItIs], // varchar
  [1700, toTime], // numeric: a time
  [2278, asItIs], // void
  [2950, asItIs], // uuid
  [3802, JSON.parse], // jsonb
]);

function toTime(milliseconds: string): Date {
  const time = new Date(Number(milliseconds));
  // An invalid date would become null in an answer.
  if (Number.isNaN(time.getTime())) throw new RangeError('a stored time is none that JavaScript can hold');
  return time;
}

/**
 * How results of our statements are read. These parsers are separate, so that nothing depends on those that the application has
 * registered with the driver globally. Types whose text depends on settings are refused: select them as another.
 */
export const RESULT_TYPES = {
  getTypeParser(type: number): (value: string) => unknown {
    return PARSERS.get(type) ?? refuse;
  },
};

function refuse(): never {
  throw new TypeError('a statement selects a type whose text depends on settings; see RESULT_TYPES');
}
