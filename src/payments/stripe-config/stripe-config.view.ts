import { CREDENTIAL_FIELDS, MODES, type CredentialField, type Mode } from '../domain/credentials.js';
import type { ByCredential } from './stripe-config.entity.js';

/** What may leave the service of a configuration: everything but sealed values and fingerprints. */
export type StripeConfigView = {
  id: string;
  /** Lower case UUID. */
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
  const view: Record<string, unknown> = { id, project_id, is_active, created_at, updated_at, version };
  for (const field of CREDENTIAL_FIELDS) view[`${field}_masked`] = shown[field] ?? null;
  for (const mode of MODES) {
    const time = configured_at[mode];
    view[`${mode}_configured_at`] = time === undefined ? null : new Date(time);
  }
  return view as StripeConfigView;
}
