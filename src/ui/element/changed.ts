import { ApiError, isUnanswered } from '../api/api-error.js';
import { faultText } from '../texts/fault-text.js';
import type { Texts } from '../texts/texts.js';
import { asApiError } from './project-state.js';

/** Something that is changed, and what shows it. */
export interface Change<T> {
  change: () => Promise<T>;
  /** Reads what there is afterwards; also where no answer told whether it was changed. */
  read: (result: T | undefined) => Promise<unknown>;
  /** What is said of it. */
  done: (result: T) => string;
}

/**
 * Changes something.
 *
 * @returns what is said of it, also where it cannot be read afterwards
 * @throws ApiError which never says that nothing was done where that is not known
 */
export async function changed<T>({ change, read, done }: Change<T>, texts: Texts): Promise<string> {
  let result: T;
  try {
    result = await change();
  } catch (error) {
    const fault = asApiError(error);
    if (!isUnanswered(fault)) throw error;
    await read(undefined).catch(() => undefined);
    throw perhapsDone(fault, texts);
  }
  const said = done(result);
  return read(result).then(
    () => said,
    (error: unknown) => `${said} ${texts.notReadAnew} ${faultText(asApiError(error), texts)}`,
  );
}

/** Says of something that got no answer that it may have been done. */
export function perhapsDone(fault: ApiError, texts: Texts): ApiError {
  return new ApiError(fault.status, 'perhaps_done', `${faultText(fault, texts)} ${texts.perhapsDone}`);
}
