import { CAUSE_TEXTS, CREDENTIAL_TEXTS } from './credential-texts.js';
import { DEACTIVATION_TEXTS } from './deactivation-texts.js';
import { EVENT_TEXTS } from './event-texts.js';
import { FAULT_TEXTS } from './fault-texts.js';
import { WEBHOOK_TEXTS } from './webhook-texts.js';

/** Everything that the settings say, in English. Hosts replace what they want said in other words or in another language. */
export const ENGLISH = {
  /** The language of the texts, in which times are written (BCP 47). */
  language: 'en',
  title: 'Stripe settings',
  test: 'Test mode',
  live: 'Live mode',
  loading: 'Loading …',
  tryAgain: 'Try again',
  copy: 'Copy',
  copied: 'Copied',
  copyByHand: 'It is selected: copy it by Ctrl+C or ⌘C.',
  /** Of what was asked for, where no answer came. */
  perhapsDone: 'It may have been done all the same: look at what there is now before you do it again.',
  notReadAnew: 'What is shown was read before that.',
  cancel: 'Cancel',
  refresh: 'Refresh',
  /** Beside what the caller's role does not allow. */
  needsAdmin: 'This needs the role admin in the project.',
  needsOwner: 'This needs the role owner in the project.',
  nothingConfigured: 'No credentials are stored yet.',
  deactivated: 'The configuration is deactivated. Storing a credential activates it again.',
  ...CREDENTIAL_TEXTS,
  ...CAUSE_TEXTS,
  ...WEBHOOK_TEXTS,
  ...EVENT_TEXTS,
  ...DEACTIVATION_TEXTS,
  ...FAULT_TEXTS,
};

/** Texts by their names. */
export type Texts = Readonly<Record<keyof typeof ENGLISH, string>>;
