/**
 * Whether the database gives a text back as it was stored. Half a surrogate pair becomes U+FFFD on its way there, so that
 * texts which differ would be one; PostgreSQL has no NUL.
 */
export function isStorable(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text);
}
