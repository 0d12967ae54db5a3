import type { Mode, SealedField } from '../../src/payments/domain/credentials.js';

/** What is stored of a credential, by the column that has it. */
const COLUMNS = { sealed: 'sealed', masked: 'shown', fingerprint: 'fingerprints', expires_at: 'expires_at' };

export type Part = keyof typeof COLUMNS;

/** A row of `stripe_configs`, as `SELECT *` or `to_jsonb` gives it. */
interface Row {
  sealed: object;
  shown: object;
  fingerprints: object;
  expires_at: object;
  configured_at: object;
  created_at: string | Date;
  updated_at: string | Date;
}

/**
 * A row of `stripe_configs` with a member for each part of each credential, `test_secret_key_sealed` and so on, and for each
 * mode's `…_configured_at`. Times are milliseconds.
 */
export function flat(row: object): Record<string, unknown> {
  const { sealed, shown, fingerprints, expires_at, configured_at, created_at, updated_at, ...rest } =
    row as Row;
  return {
    ...rest,
    created_at: new Date(created_at).getTime(),
    updated_at: new Date(updated_at).getTime(),
    ...named(sealed, 'sealed'),
    ...named(shown, 'masked'),
    ...named(fingerprints, 'fingerprint'),
    ...named(expires_at, 'expires_at'),
    ...named(configured_at, 'configured_at'),
  };
}

function named(members: object, part: string): object {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [`${name}_${part}`, value]));
}

/** Sets a part of a credential in an UPDATE of `stripe_configs`; `NULL` removes it. */
export function setPart(field: SealedField, part: Part, expression: string): string {
  const column = COLUMNS[part];
  return expression === 'NULL'
    ? `${column} = ${column} - '${field}'`
    : `${column} = jsonb_set(${column}, '{${field}}', to_jsonb(${expression}))`;
}

/** Milliseconds since 1970 of an expression of SQL. */
export function milliseconds(expression: string): string {
  return `round(extract(epoch FROM ${expression}) * 1000)`;
}

/** Sets when a mode's previous webhook secret ends. */
export function endsAt(mode: Mode, expression: string): string {
  return setPart(`${mode}_previous_webhook_secret`, 'expires_at', milliseconds(expression));
}
