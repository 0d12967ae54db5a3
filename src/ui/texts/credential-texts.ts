import type { ValidationCause } from '../../payments/domain/errors.js';

/** What is said of credentials and of those who changed them. `{…}` are places for values. */
export const CREDENTIAL_TEXTS = {
  keys: 'Credentials',
  label_secret_key: 'Secret or restricted key',
  label_publishable_key: 'Publishable key',
  label_webhook_secret: 'Webhook signing secret',
  fieldOfMode: '{label} ({mode})',
  isStored: 'Stored: {mask}',
  isNotStored: 'Nothing is stored.',
  storedBy: 'since {time}, by {actor}',
  storedSince: 'since {time}',
  somebody: 'somebody whose name was erased',
  whereInStripe: 'In Stripe: {source}. Expected: {prefixes}.',
  restrictedIsBetter:
    'A restricted key (rk_…) is safer: it can do only what you allow it. Stripe makes one at the same place.',
  newValue: 'New value; leave it empty to keep what is stored.',
  show: 'Show',
  hide: 'Hide',
  showField: 'Show what is entered: {label}',
  recognized: 'This is {name}, as it should be.',
  sameMask: 'This is the mask of what is stored already. Leave the field empty to keep it.',
  moveTo: 'Move it to “{label}”',
  store: 'Store',
  discard: 'Discard what is entered',
  discarded: 'What was entered is gone; nothing was changed.',
  discardedStored:
    'What was entered is gone from its fields, but what you stored before seems to have arrived: it is shown as stored now.',
  discardedNotStored: 'What was entered is gone. It was not stored when that was read just now.',
  discardedPerhaps:
    'What was entered is gone from its fields. It may have been stored all the same: look at what is stored.',
  storedNow: 'Stored: {fields}.',
  notStored: 'Nothing was stored. What you entered is still in its fields.',
  perhapsStored:
    'It may have been stored all the same. What you entered is still in its fields; store it again to see.',
  perhapsStoredBefore:
    'What you stored before may have been stored all the same. What you entered is still in its fields; store it again to see.',
  changedPerhapsByYou: 'What is stored has changed since it was shown here, perhaps by you.',
  notAllowed: 'Your role in the project does not allow this. What you entered was not stored, and is gone.',
  notAllowedPerhaps:
    'Your role in the project does not allow this any more. What you entered is gone from its fields; what you stored before may have been stored all the same.',
  nothingEntered: 'Nothing is entered; there is nothing to store.',
  problems: 'Nothing was stored yet. Mend these fields:',
  problemsPerhaps: 'Nothing more was stored yet. Mend these fields:',
  leaveAsk: 'What is entered in this tab is lost when you leave it.',
  leaveDiscard: 'Discard it and go to “{tab}”',
  stay: 'Stay here',

  healthUnknown: 'Whether the stored keys work, and how webhooks do, is not known at the moment.',
  testKey: 'Test this key',
  checkAgain: 'Ask Stripe again',
  key_not_stored: 'No key is stored.',
  key_works: 'Stripe accepts the stored key. Account {account}, checked {time}.',
  key_restricted:
    'The stored key is a genuine restricted key that may not see everything this check asks for. Make sure that it may do what your payments need. Checked {time}.',
  key_rejected:
    'Stripe does not accept the stored key any more: it is wrong, revoked or expired. Paste a current one. Known since {since}, checked {time}.',
  key_other_mode:
    'Stripe accepts the stored key, but not for this mode. Paste a key of this mode. Checked {time}.',
  key_unreadable: 'The stored key cannot be read any more. Paste it again.',
  key_unknown: 'Stripe has not answered for the stored key yet. Ask again in a minute.',
  differentAccounts:
    'Secret and publishable key look like keys of two different accounts. Copy both from the same one.',

  conflict: 'Somebody else was faster',
  conflictIntro:
    'The credentials were changed after you had loaded them. Nothing of yours was stored, and nothing is lost: choose for each field.',
  conflictOwn: 'Your change may be stored already',
  conflictOwnIntro:
    'No answer told whether a change of yours before was made. The history has one that looks like it, though somebody else may have made ' +
    'the same. Choose for each field.',
  conflictPerhaps: 'What is stored has changed',
  conflictPerhapsIntro:
    'The credentials were changed after you had loaded them, by somebody else or by a change of yours to which no answer came. Nothing is ' +
    'lost: choose for each field.',
  conflictDeleted:
    '{actor} deactivated the configuration {time}: all credentials were erased. Storing yours activates it again.',
  conflictDeletedOwn:
    'The configuration was deactivated {time}, probably by you: all credentials were erased. Storing yours activates it again.',
  conflictCreated: 'Nothing was stored when you looked; {actor} stored credentials {time}.',
  youSaw: 'You saw: {mask}',
  thereIsNow: 'There is now: {mask}',
  changedBy: '(by {actor}, {time})',
  changedByOwn: '(by {actor}, {time}; probably your own change)',
  yours: 'You enter: {mask}',
  nothing: 'nothing',
  keepTheirs: 'Keep theirs',
  keepStored: 'Keep what is stored',
  storeMine: 'Store mine',
  storeChosen: 'Store what I chose',
  backToFields: 'Back to the fields',
  chooseFirst: 'Choose for each field first.',
  keptTheirs: 'What is stored was kept.',

  history: 'History',
  noHistory: 'Nothing has been changed yet.',
  action_created: 'stored first',
  action_updated: 'changed',
  action_deleted: 'deactivated',
  action_reactivated: 'activated again',
  byAt: '{actor}, {time}: {action}',
  fromTo: '{label}: {before} → {after}',
  earlier: 'Show earlier changes',
} as const;

/** What is said of a wrong paste, by its cause: `{message}` is what the rules say, `{expected}` are the prefixes of the field. */
export const CAUSE_TEXTS = {
  cause_wrong_prefix: '{message}',
  cause_wrong_mode: '{message}',
  cause_wrong_kind: '{message}',
  cause_quoted_value: '{message}',
  cause_bearer_prefix: '{message}',
  cause_assignment: '{message}',
  cause_json_value: '{message}',
  cause_authorization_header: '{message}',
  cause_trailing_characters: '{message}',
  cause_masked_value: '{message}',
  cause_contains_whitespace: '{message}',
  cause_invalid_characters: '{message}',
  cause_too_short: '{message}',
  cause_too_long: '{message}',
  cause_same_secret_in_both_modes: '{message}',
} as const satisfies Partial<Record<`cause_${ValidationCause}`, string>>;
