import type { ApiError } from '../api/api-error.js';
import type { Texts } from './texts.js';

/** What is wrong, for people: in the words of the texts, or in the service's own. */
export function faultText({ code, message }: Pick<ApiError, 'code' | 'message'>, texts: Texts): string {
  const key = `fault_${code}`;
  return key in texts ? texts[key as keyof Texts] : message;
}
