import { ApiError, isUnanswered } from '../api/api-error.js';
import { faultText } from '../texts/fault-text.js';
import type { Texts } from '../texts/texts.js';
import type { ProjectState } from './project-state.js';
import { isStored, whoseSince } from './unanswered.js';

/** Why nothing was stored, or perhaps not, and what has become of what was entered. */
export function storeFault(error: unknown, state: ProjectState, texts: Texts): unknown {
  if (!(error instanceof ApiError)) return error;
  const mayBeEarlier = state.mayBeStoredSince(state.version);
  const before = mayBeEarlier ? texts.perhapsStoredBefore : texts.notStored;
  const outcome = isUnanswered(error) ? texts.perhapsStored : before;
  // The other version may be of the person's own change.
  const isOwnPossible = error.status === 412 && whoseSince(state.version, state) !== 'others';
  const why = isOwnPossible ? texts.changedPerhapsByYou : faultText(error, texts);
  return new ApiError(error.status, 'store_failed', `${why} ${outcome}`);
}

/**
 * What is said once the fields are emptied. What was sent before without an answer may have been stored, so that is read first.
 *
 * @param seen the version that was seen when something was entered
 */
export async function discarded(seen: number, state: ProjectState, texts: Texts): Promise<string> {
  if (!state.mayBeStoredSince(seen)) return texts.discarded;
  await state.load();
  if (state.fault !== undefined) return texts.discardedPerhaps;
  // Not by the history: others may have changed it once more.
  if (state.unanswered.some((sent) => sent.version >= seen && isStored(sent, state.config))) {
    return texts.discardedStored;
  }
  const isNot = state.version === seen || whoseSince(seen, state) === 'others';
  return isNot ? texts.discardedNotStored : texts.discardedPerhaps;
}
