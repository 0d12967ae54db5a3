import { UUID } from '../../payments/domain/uuid.js';
import { Pages } from '../../payments/http/parameters/pages.js';
import type { TokenPosition } from './service-token.service.js';

/** Each page begins behind the time and id of a token. */
export const TOKEN_PAGES = new Pages<TokenPosition>({
  usual: 50,
  max: 100,
  cursor: 'next_cursor of the page before',
  form: /^(\d{1,14}) ([0-9a-f-]{36})$/,
  write: ({ made_at, id }) => `${made_at.getTime()} ${id}`,
  read: (time, id) => (UUID.test(id) ? { made_at: new Date(Number(time)), id } : undefined),
});

/** Cuts a page of tokens from rows with one more than its size. */
export function pageOf<Row extends TokenPosition>(
  rows: readonly Row[],
  limit: number,
): { service_tokens: Row[]; next_cursor: string | null } {
  const { page, nextCursor } = TOKEN_PAGES.cut(rows, limit, (row) => row);
  return { service_tokens: page, next_cursor: nextCursor ?? null };
}
