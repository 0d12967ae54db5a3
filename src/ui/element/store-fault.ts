import { ApiError } from '../api/api-error.js';
import { faultText } from '../texts/fault-text.js';
import type { Texts } from '../texts/texts.js';
import { isUnanswered } from './conflict.js';

/** Why nothing was stored, or perhaps not, and what has become of what was entered. */
export function storeFault(error: unknown, texts: Texts): unknown {
  if (!(error instanceof ApiError)) return error;
  const outcome = isUnanswered(error) ? texts.perhapsStored : texts.notStored;
  return new ApiError(error.status, 'store_failed', `${faultText(error, texts)} ${outcome}`);
}
