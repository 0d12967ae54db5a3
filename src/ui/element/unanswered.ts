import { maskOf } from '../../payments/domain/credential-rules.js';
import {
  CREDENTIAL_FIELDS,
  credentialOf,
  type Mode,
  type SealedField,
} from '../../payments/domain/credentials.js';
import type { StripeConfigRequest } from '../../payments/stripe-config/stripe-config.dto.js';
import type { Change, Config, History } from '../api/project-api.js';

/** The masks of credentials, by their fields. */
type Masks = ReadonlyMap<string, string>;

/** A change that was sent, and of which no answer told whether it was made. */
export interface Unanswered {
  /** The version that was shown when it was sent. */
  version: number;
  /** Of the credentials that were entered for it; none where it was to do something else. */
  masks: Masks;
  /** Whether a change of the history may be it. Nobody can be sure, since others may have done the same. */
  isLike(change: Change): boolean;
}

/** Storing what was entered, of which only masks are kept: it can only be the next version. */
export function storing(version: number, sent: StripeConfigRequest): Unanswered {
  return storingMasks(version, masksOf(sent));
}

function masksOf(sent: StripeConfigRequest): Masks {
  return new Map(
    CREDENTIAL_FIELDS.flatMap((field): [string, string][] => {
      const value = sent[field];
      return typeof value === 'string' ? [[field, maskOf(field, value)]] : [];
    }),
  );
}

/** A function of its own: made where the credentials are in scope, what it returns would keep them in memory. */
function storingMasks(version: number, masks: Masks): Unanswered {
  return {
    version,
    masks,
    isLike({ version: made, fields }) {
      // A replaced signing secret becomes the one before, which nobody sends.
      const written = fields.filter(({ field }) => field === credentialOf(field as SealedField));
      return (
        made === version + 1 &&
        written.length > 0 &&
        fields.every(({ field }) => masks.has(credentialOf(field as SealedField))) &&
        written.every(({ field, after }) => masks.get(field) === after)
      );
    },
  };
}

/** Whether credentials that were entered for a change are what is stored, as far as masks tell. */
export function isStored({ masks }: Unanswered, config: Config | null | undefined): boolean {
  const stored = new Map<string, unknown>(Object.entries(config ?? {}));
  return masks.size > 0 && [...masks].every(([field, mask]) => stored.get(`${field}_masked`) === mask);
}

/** Deactivating: it can only be the next version. */
export function deactivating(version: number): Unanswered {
  return {
    version,
    masks: new Map(),
    isLike: ({ version: made, action }) => made === version + 1 && action === 'deleted',
  };
}

/** What changes nothing but the signing secrets of a mode, whatever the version is. */
export function changingSecrets(version: number, mode: Mode): Unanswered {
  return {
    version,
    masks: new Map(),
    isLike: ({ version: made, fields }) =>
      made > version &&
      fields.length > 0 &&
      fields.every(({ field }) => credentialOf(field as SealedField) === `${mode}_webhook_secret`),
  };
}

/** What is known of changes without an answer. */
export interface Known {
  unanswered: readonly Unanswered[];
  history: History | undefined;
}

/** The changes after a version that are probably the person's own. */
export function ownChanges(version: number, { unanswered, history }: Known): readonly Change[] {
  return (
    history?.changes.filter(
      (change) => change.version > version && unanswered.some((sent) => sent.isLike(change)),
    ) ?? []
  );
}

/**
 * Whose the changes after a version are. `own`: one of them probably; `others`: no change without an answer is among them; `perhaps`:
 * one may be, or may still be made.
 */
export function whoseSince(version: number, known: Known): 'own' | 'others' | 'perhaps' {
  if (ownChanges(version, known).length > 0) return 'own';
  const isTold = (sent: Unanswered): boolean =>
    known.history?.changes.some((change) => change.version === sent.version + 1) === true;
  return known.unanswered.every((sent) => sent.version < version || isTold(sent)) ? 'others' : 'perhaps';
}
