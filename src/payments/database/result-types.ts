const text = (value: string): string => value;

/** How a result's column is parsed, by the id of its type (`pg_type.oid`, the same everywhere). */
const PARSERS = new Map<number, (value: string) => unknown>([
  [16, (value) => value === 't'], // boolean
  [20, Number], // bigint: counts
  [23, Number], // integer
  [25, text],
  [114, JSON.parse],
  [1043, text], // varchar
  [1700, toTime], // numeric: a time, see statement.ts
  [2278, text], // void
  [2950, text], // uuid
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
  throw new TypeError('a statement selects a type whose text depends on settings; see result-types.ts');
}
