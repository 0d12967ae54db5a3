import { PATH_WORDS } from './path-words.js';

/** No path of Stripe's has more parts. */
const MAX_PARTS = 12;

/**
 * The pattern of a path of Stripe's API: `/v1/customers/{id}`. What is no word of those paths is an id, or chosen by somebody.
 *
 * @param path with or without its query
 */
export function pathTemplate(path: string): string {
  const [, ...parts] = (path.split('?', 1)[0] ?? '').split('/', MAX_PARTS);
  return parts.map((part) => `/${PATH_WORDS.has(part) ? part : '{id}'}`).join('');
}
