/** Stripe's two worlds: nothing of one works in the other. */
export type Mode = 'test' | 'live';

/** Both modes. */
export const MODES = ['test', 'live'] as const satisfies Mode[];

/** What a credential is for. */
export type CredentialKind = 'secret_key' | 'publishable_key' | 'webhook_secret';

/** The six credentials of a project, by the names they have in the API. */
export type CredentialField = `${Mode}_${CredentialKind}`;

/** In the order of the documented request. */
export const CREDENTIAL_FIELDS = [
  'test_secret_key',
  'test_publishable_key',
  'test_webhook_secret',
  'live_secret_key',
  'live_publishable_key',
  'live_webhook_secret',
] as const satisfies CredentialField[];

/** The webhook secret of a mode that its present one replaced; kept for a while, since Stripe may still sign with it. */
export type PreviousField = `${Mode}_previous_webhook_secret`;

/** Everything of a configuration that is stored sealed. */
export type SealedField = CredentialField | PreviousField;

/** In the order of the columns. */
export const SEALED_FIELDS = [
  ...CREDENTIAL_FIELDS,
  'test_previous_webhook_secret',
  'live_previous_webhook_secret',
] as const satisfies SealedField[];

/** The mode that a field belongs to. */
export function modeOf(field: SealedField): Mode {
  return field.startsWith('test_') ? 'test' : 'live';
}
