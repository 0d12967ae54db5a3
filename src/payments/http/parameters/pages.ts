import { ApiQuery } from '@nestjs/swagger';
import { ValidationFailed, type ValidationItem } from '../../domain/errors.js';

/** What 422 lists where a cursor cannot be read. */
export const INVALID_CURSOR: ValidationItem = {
  loc: ['query', 'cursor'],
  msg: 'This is no cursor; take the one that the page before gives.',
  type: 'invalid_cursor',
};

/** How a list is divided into pages. */
interface PageRules<Position> {
  /** The default number of items of a page. */
  usual: number;
  max: number;
  /** The documentation of the cursor. */
  cursor: string;
  /** The textual form of a position. */
  form: RegExp;
  write(position: Position): string;
  /** @returns undefined where the groups of {@link form} are no position */
  read(...groups: string[]): Position | undefined;
}

/** The parameters of a list, as clients send them. */
export interface PageQuery {
  limit?: unknown;
  cursor?: unknown;
}

/** A list given page by page: its parameters are documented, read and refused by the same rules. */
export class Pages<Position> {
  /** What 422 lists where `limit` is none. */
  readonly outOfRange: ValidationItem;

  constructor(private readonly rules: PageRules<Position>) {
    this.outOfRange = {
      loc: ['query', 'limit'],
      msg: `This must be a number from 1 to ${rules.max}.`,
      type: 'out_of_range',
    };
  }

  /** Documents the parameters. */
  parameters(): { limit: MethodDecorator; cursor: MethodDecorator } {
    const { usual, max, cursor } = this.rules;
    return {
      limit: ApiQuery({
        name: 'limit',
        required: false,
        description: 'How many at most',
        schema: { type: 'integer', minimum: 1, maximum: max, default: usual },
      }),
      cursor: ApiQuery({
        name: 'cursor',
        required: false,
        description: cursor,
        schema: { type: 'string' },
      }),
    };
  }

  /**
   * Reads the parameters of a query.
   *
   * @returns `after`: the position after which the page begins; undefined on the first one
   * @throws ValidationFailed
   */
  read({ limit, cursor }: PageQuery): { limit: number; after: Position | undefined } {
    return { limit: this.readLimit(limit), after: this.readCursor(cursor) };
  }

  /**
   * Takes a page from rows with one more than its size, which shows whether there is a next page.
   *
   * @returns `nextCursor`: undefined on the last page
   */
  cut<Row>(
    rows: readonly Row[],
    limit: number,
    positionOf: (row: Row) => Position,
  ): { page: Row[]; nextCursor: string | undefined } {
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { page, nextCursor: last && this.writeCursor(positionOf(last)) };
  }

  private readLimit(limit: unknown): number {
    const { usual, max } = this.rules;
    if (limit === undefined) return usual;
    const size = typeof limit === 'string' && /^\d{1,4}$/.test(limit) ? Number(limit) : 0;
    if (size >= 1 && size <= max) return size;
    throw new ValidationFailed([this.outOfRange]);
  }

  private readCursor(cursor: unknown): Position | undefined {
    if (cursor === undefined) return undefined;
    const text = typeof cursor === 'string' ? Buffer.from(cursor, 'base64url').toString() : '';
    const [, ...groups] = this.rules.form.exec(text) ?? [];
    const position = groups.length > 0 ? this.rules.read(...groups) : undefined;
    if (position === undefined) throw new ValidationFailed([INVALID_CURSOR]);
    return position;
  }

  private writeCursor(position: Position): string {
    return Buffer.from(this.rules.write(position)).toString('base64url');
  }
}
