import type { CredentialField } from '../../payments/domain/credentials.js';
import { conflictRow, greatChange, type Seen } from './conflict.js';
import type { ProjectState } from './project-state.js';

/**
 * Remembers what a person saw when they began to enter something. Another version that is read since then is a question for them,
 * which stays until they have answered it, whatever fails meanwhile.
 */
export class ConflictWatch {
  /** What they saw, where somebody else was faster. */
  asked: Seen | undefined;
  /** Whether both versions are shown, once the other one is known. */
  isOpen = false;
  private seen: Seen | undefined;

  /** Told of each change of what is entered. */
  onDraft(state: ProjectState, isAnythingEntered: boolean): void {
    if (!isAnythingEntered) this.settle();
    else this.seen ??= seenOf(state);
  }

  /** Told of what was read. @param fields in which something is entered */
  look(state: ProjectState, fields: readonly CredentialField[]): void {
    if (this.seen === undefined || this.asked !== undefined || this.seen.version === state.version) return;
    if (concerns(fields, this.seen, state)) this.ask(this.seen);
    else this.seen = seenOf(state);
  }

  ask(seen: Seen): void {
    this.asked = seen;
    this.isOpen = true;
  }

  /** They have answered, or nothing is entered any more. @param seen what they see, where something else is still entered */
  settle(seen?: Seen): void {
    this.asked = undefined;
    this.isOpen = false;
    this.seen = seen;
  }

  /** What is to be compared with what there is now; undefined where that is nothing, or not known yet. */
  shown(state: ProjectState): Seen | undefined {
    return this.isOpen && this.asked?.version !== state.version ? this.asked : undefined;
  }
}

export function seenOf({ config = null, version }: ProjectState): Seen {
  return { config, version };
}

/** Whether anybody changed what somebody enters. A field that is left alone is not sent, and takes nothing from others. */
function concerns(
  fields: readonly CredentialField[],
  seen: Seen,
  { config = null, history }: ProjectState,
): boolean {
  return (
    history === undefined ||
    greatChange(seen, history) !== undefined ||
    fields.some((field) => conflictRow(field, seen, { config, history }).isChanged)
  );
}
