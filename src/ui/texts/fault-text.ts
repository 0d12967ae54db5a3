import type { ApiError } from '../api/api-error.js';
import { fill } from './fill.js';
import type { Texts } from './texts.js';

/** Seconds that are said to be waited where the service named none. */
const USUAL_WAIT = 60;

/** What is wrong, for people: in the words of the texts, or in the service's own. */
export function faultText(
  { code, message, retryAfter = USUAL_WAIT }: Pick<ApiError, 'code' | 'message' | 'retryAfter'>,
  texts: Texts,
): string {
  const key = `fault_${code}`;
  return key in texts ? fill(texts[key as keyof Texts], { seconds: retryAfter }) : message;
}
