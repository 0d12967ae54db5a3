import { CREDENTIAL_CATALOGUE, MODE_CATALOGUE, type CredentialDescription } from './credential-catalogue.js';

type Catalogue = typeof CREDENTIAL_CATALOGUE;

/** Stripe's two worlds: nothing of one works in the other. */
export type Mode = keyof typeof MODE_CATALOGUE;

/** All modes. */
export const MODES = Object.keys(MODE_CATALOGUE) as readonly Mode[];

/** The six credentials of a project, by the names they have in the API. */
export type CredentialField = keyof Catalogue;

/** What a credential is for. */
export type CredentialKind = Catalogue[CredentialField]['kind'];

/** In the order of the documented request. */
export const CREDENTIAL_FIELDS = Object.keys(CREDENTIAL_CATALOGUE) as readonly CredentialField[];

/** The webhook secret of a mode that its present one replaced; stored for a while, since Stripe may still sign with it. */
export type PreviousField = {
  [Field in CredentialField]: Catalogue[Field] extends { mode: infer M extends string; hasOverlap: true }
    ? `${M}_previous_${Catalogue[Field]['kind']}`
    : never;
}[CredentialField];

/** Everything of a configuration that is stored sealed. */
export type SealedField = CredentialField | PreviousField;

/** What the catalogue says of a credential. */
export function describeCredential(field: CredentialField): CredentialDescription {
  return CREDENTIAL_CATALOGUE[field];
}

/** By each credential whose replaced value is accepted for a while: the name that this has. */
export const PREVIOUS_FIELDS = Object.fromEntries(
  CREDENTIAL_FIELDS.map((field) => ({ field, ...describeCredential(field) }))
    .filter(({ hasOverlap }) => hasOverlap)
    .map(({ field, mode, kind }) => [field, `${mode}_previous_${kind}`]),
) as Readonly<Partial<Record<CredentialField, PreviousField>>>;

/** The credentials of which no two modes may have the same value. */
export const FIELDS_OF_ONE_MODE = CREDENTIAL_FIELDS.filter((field) => describeCredential(field).isOfOneMode);

/** Everything of a configuration that may be stored sealed. */
export const SEALED_FIELDS: readonly SealedField[] = [
  ...CREDENTIAL_FIELDS,
  ...Object.values(PREVIOUS_FIELDS),
];

const CREDENTIAL_OF = {
  ...Object.fromEntries(CREDENTIAL_FIELDS.map((field) => [field, field])),
  ...Object.fromEntries(Object.entries(PREVIOUS_FIELDS).map(([field, previous]) => [previous, field])),
} as Readonly<Record<SealedField, CredentialField>>;

/** The credential that a sealed value is, or was before it was replaced. */
export function credentialOf(field: SealedField): CredentialField {
  return CREDENTIAL_OF[field];
}

/** The mode that a field belongs to. */
export function modeOf(field: SealedField): Mode {
  return describeCredential(credentialOf(field)).mode;
}

/** The `livemode` of what Stripe sends in a mode. */
export function livemodeOf(mode: Mode): boolean {
  return MODE_CATALOGUE[mode].livemode;
}
