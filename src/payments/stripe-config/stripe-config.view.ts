import { renamedRecordOf } from '../common/record-of.js';
import { CREDENTIAL_FIELDS, MODES, type CredentialField, type Mode } from '../domain/credentials.js';
import type { ByCredential } from './stripe-config.entity.js';

/** What may leave the service of a configuration: everything but sealed values and fingerprints. */
export type StripeConfigView = {
  id: string;
  /** In the canonical spelling of its form: a UUID in lower case, a ULID in upper case. */
  project_id: string;
  is_active: boolean;
  created_at: Date;
  /** The last change; equal to `created_at` until there is one. */
  updated_at: Date;
  /** Counts the changes. */
  version: number;
} & Record<`${CredentialField}_masked`, string | null> &
  /** When a credential of the mode was last written; null when none is stored. */
  Record<`${Mode}_configured_at`, Date | null>;

/** A configuration as the statements give it. */
export interface ConfigRow extends Omit<
  StripeConfigView,
  `${CredentialField}_masked` | `${Mode}_configured_at`
> {
  shown: ByCredential<string>;
  configured_at: Partial<Record<Mode, number>>;
}

/** A row with a member for each credential and mode, stored or not. */
export function toView({ shown, configured_at, ...row }: ConfigRow): StripeConfigView {
  const { id, project_id, is_active, created_at, updated_at, version } = row;
  return {
    id,
    project_id,
    is_active,
    created_at,
    updated_at,
    version,
    ...renamedRecordOf(
      CREDENTIAL_FIELDS,
      (field) => `${field}_masked`,
      (field) => shown[field] ?? null,
    ),
    ...renamedRecordOf(
      MODES,
      (mode) => `${mode}_configured_at`,
      (mode) => timeOf(configured_at[mode]),
    ),
  };
}

/** Whether each mode can be used: its secret key is stored. Without a configuration none can. */
export function credentialFlagsOf(
  view: StripeConfigView | undefined,
): Record<`has_${Mode}_credentials`, boolean> {
  return renamedRecordOf(
    MODES,
    (mode) => `has_${mode}_credentials`,
    (mode) => (view?.[`${mode}_secret_key_masked`] ?? null) !== null,
  );
}

/** When each mode's credentials were last written. Without a configuration they never were. */
export function configuredTimesOf(
  view: StripeConfigView | undefined,
): Pick<StripeConfigView, `${Mode}_configured_at`> {
  return renamedRecordOf(
    MODES,
    (mode) => `${mode}_configured_at`,
    (mode) => view?.[`${mode}_configured_at`] ?? null,
  );
}

function timeOf(milliseconds: number | undefined): Date | null {
  return milliseconds === undefined ? null : new Date(milliseconds);
}
