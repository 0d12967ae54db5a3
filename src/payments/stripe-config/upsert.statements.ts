import {
  boolean,
  float,
  integer,
  json,
  listOf,
  nullable,
  statement,
  text,
  uuid,
} from '../database/statement.js';
import type { CredentialField } from '../domain/credentials.js';
import type { ByCredential } from './stripe-config.entity.js';
import { WRITTEN } from './stripe-config.statements.js';

/** A credential in the form in which it may be stored. */
export interface ProtectedCredential {
  sealed: string;
  masked: string;
  /** Every fingerprint under which the same secret may be stored; the first is stored. */
  fingerprints: readonly [string, ...string[]];
}

/** The parameters of {@link UPSERT} with the values to write; a field that is left out stays as it is. */
export function credentialParameters(credentials: ReadonlyMap<CredentialField, ProtectedCredential>): {
  sealed: ByCredential<string>;
  shown: ByCredential<string>;
  fingerprints: ByCredential<string>;
  same: ByCredential<readonly string[]>;
} {
  const of = <T>(part: (credential: ProtectedCredential) => T): ByCredential<T> =>
    Object.fromEntries([...credentials].map(([field, credential]) => [field, part(credential)]));
  return {
    sealed: of(({ sealed }) => sealed),
    shown: of(({ masked }) => masked),
    fingerprints: of(({ fingerprints }) => fingerprints[0]),
    same: of(({ fingerprints }) => fingerprints),
  };
}

/**
 * Creates or updates a configuration; what the request does not name stays as it is stored. One statement, so that concurrent
 * changes of different fields lose nothing. A secret is compared with the stored one by its fingerprints: the same one, which
 * forms and scripts send back, is no change. Where nothing changes, all are stored as they were sealed now, because the stored
 * ones may be unreadable. Another webhook secret makes the stored one the previous one, for a while. `now()` is when the
 * statement began, which may be before the row's last change, so times are prevented from going backwards. The audit trail is
 * written by a trigger.
 *
 * - `same`: by field, every fingerprint under which the same secret may be stored
 * - `expected_versions`: of which one must be the stored one; null: any
 * - `must_exist`, `create_only`: whether a configuration must, or must not, be stored already
 * - `overlap_seconds`: how long a value that is replaced is still accepted; 0: not at all
 * - `previous_names`: by each field of which that is so: the name of the replaced value
 * - `of_one_mode`: the fields of which no two may have the same value
 *
 * Returns no row when a new webhook secret equals the one stored for another mode, or a version is not the expected.
 */
export const UPSERT = statement({
  name: 'stripe_configs_upsert',
  parameters: {
    project_id: text,
    sealed: json<ByCredential<string>>(),
    shown: json<ByCredential<string>>(),
    fingerprints: json<ByCredential<string>>(),
    same: json<ByCredential<readonly string[]>>(),
    changed_by: text,
    change_request_id: uuid,
    expected_versions: nullable(listOf(integer)),
    must_exist: boolean,
    create_only: boolean,
    overlap_seconds: float,
    previous_names: json<ByCredential<string>>(),
    of_one_mode: listOf(text),
  },
  columns: WRITTEN,
  text: `
  INSERT INTO {schema}.stripe_configs AS config (
    project_id, sealed, shown, fingerprints, configured_at, version, changed_by, change_request_id
  )
  SELECT :project_id::text, :sealed::jsonb, :shown::jsonb, :fingerprints::jsonb,
    (SELECT coalesce(jsonb_object_agg(split_part(field, '_', 1), round(extract(epoch FROM now()) * 1000)), '{}')
      FROM jsonb_object_keys(:sealed::jsonb) AS field),
    1, :changed_by::text, :change_request_id::uuid
  WHERE NOT :must_exist::boolean OR EXISTS (SELECT FROM {schema}.stripe_configs WHERE project_id = :project_id::text)
  ON CONFLICT (project_id) DO UPDATE SET (
    is_active, sealed, shown, fingerprints, expires_at, configured_at, updated_at, version, changed_by, change_request_id
  ) = (
    SELECT true,
      (config.sealed - replaced.names) || (excluded.sealed - change.unstored) || replaced.sealed,
      (config.shown - replaced.names) || (excluded.shown - change.unstored) || replaced.shown,
      config.fingerprints || (excluded.fingerprints - change.unstored),
      (config.expires_at - replaced.names) || replaced.expires_at,
      config.configured_at || (
        SELECT coalesce(jsonb_object_agg(
          mode, greatest((excluded.configured_at ->> mode)::numeric, (config.configured_at ->> mode)::numeric)
        ), '{}') FROM (SELECT DISTINCT split_part(field, '_', 1) FROM unnest(change.written) AS field) AS written (mode)
      ),
      CASE WHEN change.is_one THEN greatest(excluded.updated_at, config.updated_at) ELSE config.updated_at END,
      config.version + change.is_one::integer,
      CASE WHEN change.is_one THEN excluded.changed_by ELSE config.changed_by END,
      CASE WHEN change.is_one THEN excluded.change_request_id ELSE config.change_request_id END
    FROM (
      SELECT array_agg(field) FILTER (WHERE NOT is_same), coalesce(array_agg(field) FILTER (WHERE is_same), '{}')
      FROM (
        SELECT field, coalesce(fingerprints ? (config.fingerprints ->> field), false)
        FROM jsonb_each(:same::jsonb) AS given (field, fingerprints)
      ) AS given (field, is_same)
    ) AS given (written, unchanged)
    CROSS JOIN LATERAL (
      SELECT is_one, coalesce(written, '{}'), CASE WHEN is_one THEN unchanged ELSE '{}' END
      FROM (SELECT NOT config.is_active OR written IS NOT NULL) AS change (is_one)
    ) AS change (is_one, written, unstored)
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(name), '{}'),
        coalesce(jsonb_object_agg(name, config.sealed -> field) FILTER (WHERE is_kept), '{}'),
        coalesce(jsonb_object_agg(name, config.shown -> field) FILTER (WHERE is_kept), '{}'),
        coalesce(jsonb_object_agg(
          name, round((extract(epoch FROM now()) + :overlap_seconds::float8::numeric) * 1000)
        ) FILTER (WHERE is_kept), '{}')
      FROM (
        SELECT field, :previous_names::jsonb ->> field, :overlap_seconds::float8 > 0
        FROM unnest(change.written) AS field WHERE :previous_names::jsonb ? field AND config.sealed ? field
      ) AS stored (field, name, is_kept)
    ) AS replaced (names, sealed, shown, expires_at)
  )
  WHERE NOT :create_only::boolean
    AND (:expected_versions::integer[] IS NULL OR config.version = ANY (:expected_versions::integer[]))
    AND NOT EXISTS (
      SELECT FROM jsonb_each(:same::jsonb) AS given (field, fingerprints)
        CROSS JOIN jsonb_each_text(config.fingerprints) AS stored (other, fingerprint)
      WHERE given.field = ANY (:of_one_mode::text[]) AND other = ANY (:of_one_mode::text[]) AND other <> given.field
        AND NOT :same::jsonb ? other AND given.fingerprints ? fingerprint
    )
  RETURNING id, project_id, is_active, shown, configured_at, extract(epoch FROM created_at) * 1000 AS created_at,
    extract(epoch FROM updated_at) * 1000 AS updated_at, version, change_request_id`,
});
