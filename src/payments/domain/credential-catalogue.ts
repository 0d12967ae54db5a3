/** What is known of a mode of Stripe. */
interface ModeDescription {
  /** The `livemode` of what Stripe sends in this mode. */
  readonly livemode: boolean;
}

/** Stripe's modes, by their names in paths and fields. Nothing of one works in another. A name has no underscore. */
export const MODE_CATALOGUE = {
  test: { livemode: false },
  live: { livemode: true },
} as const satisfies Record<string, ModeDescription>;

/** What a value of a credential starts with. */
export interface CredentialPrefix {
  readonly text: string;
  /** What Stripe calls a value that starts so. */
  readonly name: string;
}

/** All that the service knows of a credential. */
export interface CredentialDescription {
  readonly mode: keyof typeof MODE_CATALOGUE;
  /** What it is for, whatever the mode. The name of a credential is its mode, an underscore and its kind. */
  readonly kind: string;
  readonly prefixes: readonly CredentialPrefix[];
  /** `public` is what browsers get; it is stored like a secret all the same. */
  readonly visibility: 'secret' | 'public';
  /** Whether no other mode may have the same value. */
  readonly isOfOneMode: boolean;
  /** Whether a value that was replaced is accepted for a while, as `<mode>_previous_<kind>`. */
  readonly hasOverlap: boolean;
  readonly description: string;
  /** Where it stands in Stripe's Dashboard. */
  readonly source: string;
  /** For the documentation; none of them is a credential. */
  readonly example: string;
  readonly maskExample: string;
}

const API_KEYS = 'Developers > API keys';

const SECRET_KEY = {
  kind: 'secret_key',
  visibility: 'secret',
  isOfOneMode: false,
  hasOverlap: false,
  source: API_KEYS,
} as const;

const PUBLISHABLE_KEY = {
  kind: 'publishable_key',
  visibility: 'public',
  isOfOneMode: false,
  hasOverlap: false,
  source: API_KEYS,
} as const;

const WEBHOOK_SECRET = {
  kind: 'webhook_secret',
  prefixes: [{ text: 'whsec_', name: 'a webhook signing secret' }],
  visibility: 'secret',
  isOfOneMode: true,
  hasOverlap: true,
  source: 'Developers > Webhooks > the endpoint > Signing secret',
} as const;

/**
 * The credentials of a project, by the names they have in the API and in the order of the documented request. The rules, the
 * schemas, what is stored and what is shown follow from it. To add one: an entry here, and a migration that lets
 * `stripe_configs_shown_check` accept its mask.
 */
export const CREDENTIAL_CATALOGUE = {
  test_secret_key: {
    ...SECRET_KEY,
    mode: 'test',
    prefixes: [
      { text: 'sk_test_', name: 'a test secret key' },
      { text: 'rk_test_', name: 'a test restricted key' },
      { text: 'rkcs_test_', name: 'the key of a claimable sandbox' },
    ],
    description:
      'Secret key (`sk_test_`) or, better, restricted key (`rk_test_`) of the test mode, or the key of a claimable sandbox (`rkcs_test_`)',
    example: 'sk_test_example_not_a_key',
    maskExample: 'sk_test_...aBcD',
  },
  test_publishable_key: {
    ...PUBLISHABLE_KEY,
    mode: 'test',
    prefixes: [{ text: 'pk_test_', name: 'a test publishable key' }],
    description: 'Publishable key of the test mode (`pk_test_`)',
    example: 'pk_test_example_not_a_key',
    maskExample: 'pk_test_...eFgH',
  },
  test_webhook_secret: {
    ...WEBHOOK_SECRET,
    mode: 'test',
    description: 'Signing secret of the test mode’s webhook endpoint (`whsec_`)',
    example: 'whsec_example_not_a_secret',
    maskExample: 'whsec_...iJkL',
  },
  live_secret_key: {
    ...SECRET_KEY,
    mode: 'live',
    prefixes: [
      { text: 'sk_live_', name: 'a live secret key' },
      { text: 'rk_live_', name: 'a live restricted key' },
    ],
    description: 'Secret key (`sk_live_`) or, better, restricted key (`rk_live_`) of the live mode',
    example: 'rk_live_example_not_a_key',
    maskExample: 'rk_live_...mNoP',
  },
  live_publishable_key: {
    ...PUBLISHABLE_KEY,
    mode: 'live',
    prefixes: [{ text: 'pk_live_', name: 'a live publishable key' }],
    description: 'Publishable key of the live mode (`pk_live_`)',
    example: 'pk_live_example_not_a_key',
    maskExample: 'pk_live_...qRsT',
  },
  live_webhook_secret: {
    ...WEBHOOK_SECRET,
    mode: 'live',
    description: 'Signing secret of the live mode’s webhook endpoint (`whsec_`)',
    example: 'whsec_example_of_live_not_a_secret',
    maskExample: 'whsec_...uVwX',
  },
} as const satisfies Record<string, CredentialDescription>;
