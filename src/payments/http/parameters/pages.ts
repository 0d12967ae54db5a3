import { ValidationFailed, type ValidationItem } from '../../domain/errors.js';

/** How many items a list gives: documented, read and refused by the same numbers. */
export class PageLimit {
  /** How `limit` is documented. */
  readonly schema: { type: 'integer'; minimum: number; maximum: number; default: number };
  /** What 422 lists where it is none. */
  readonly outOfRange: ValidationItem;

  constructor(
    private readonly absent: number,
    private readonly max: number,
  ) {
    this.schema = { type: 'integer', minimum: 1, maximum: max, default: absent };
    this.outOfRange = {
      loc: ['query', 'limit'],
      msg: `This must be a number from 1 to ${max}.`,
      type: 'out_of_range',
    };
  }

  /**
   * How many items are wanted.
   *
   * @throws ValidationFailed
   */
  read(limit: unknown): number {
    if (limit === undefined) return this.absent;
    const size = typeof limit === 'string' && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
    if (size >= 1 && size <= this.max) return size;
    throw new ValidationFailed([this.outOfRange]);
  }
}

/** How many items the lists of events and of changes give. */
export const LIMIT = new PageLimit(20, 100);

/** What 422 lists where a cursor cannot be read. */
export const INVALID_CURSOR: ValidationItem = {
  loc: ['query', 'cursor'],
  msg: 'This is no cursor; take the one that the page before gives.',
  type: 'invalid_cursor',
};

/** A position in a list as clients send it back. */
export function writeCursor(position: string): string {
  return Buffer.from(position).toString('base64url');
}

/**
 * Reads what {@link writeCursor} has written.
 *
 * @param form what a position looks like
 * @returns the groups of the form; undefined when the parameter is absent
 * @throws ValidationFailed
 */
export function readCursor(cursor: unknown, form: RegExp): readonly string[] | undefined {
  if (cursor === undefined) return undefined;
  const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : '';
  const match = form.exec(text);
  if (match === null) throw new ValidationFailed([INVALID_CURSOR]);
  return match.slice(1);
}

/**
 * Cuts a page off rows of which one more was asked for than the page has, which tells whether there is a next one.
 *
 * @returns `last`: where the next page begins; undefined on the last one
 */
export function pageOf<Row>(rows: readonly Row[], size: number): { page: Row[]; last: Row | undefined } {
  const page = rows.slice(0, size);
  return { page, last: rows.length > size ? page.at(-1) : undefined };
}
