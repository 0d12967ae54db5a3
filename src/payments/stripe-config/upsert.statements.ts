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
import { AUDITED, ENTRY } from './audit-trail.js';
import type { ByCredential } from './stripe-config.entity.js';
import { SELECT_WRITTEN, UPDATE_TO_NEXT, WRITTEN } from './stripe-config.statements.js';

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
 * statement began, which may be before the row's last change, so times are prevented from going backwards.
 *
 * - `same`: by field, every fingerprint under which the same secret may be stored
 * - `expected_versions`: of which one must be the stored one; null: any
 * - `must_exist`, `create_only`: whether a configuration must, or must not, be stored already
 * - `overlap_seconds`: how long a value that is replaced is still accepted; 0: not at all
 * - `previous_names`: by each field of which that is so: the name of the replaced value
 * - `of_one_mode`: the fields of which no two may have the same value
 *
 * Returns no row when a new webhook secret equals the one stored for another mode, a version is not the expected, or the project was
 * removed, which is in the row itself, so that its lock decides between the two; and when the project's first configuration was
 * stored meanwhile, which the statement sees when it is run again.
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
  WITH before AS (
    SELECT * FROM {schema}.stripe_configs WHERE project_id = :project_id::text FOR NO KEY UPDATE
  ), config AS (
    SELECT id, is_active, coalesce(sealed, '{}') AS sealed, coalesce(shown, '{}') AS shown,
      coalesce(fingerprints, '{}') AS fingerprints, coalesce(expires_at, '{}') AS expires_at,
      coalesce(configured_at, '{}') AS configured_at, created_at, updated_at, coalesce(version, 0) AS version,
      changed_by, change_request_id, coalesce(trail_hash, '') AS trail_hash
    FROM (SELECT) AS project LEFT JOIN before ON true
    WHERE CASE WHEN before.id IS NULL THEN NOT :must_exist::boolean ELSE NOT :create_only::boolean END
      AND before.removed_at IS NULL
      AND (:expected_versions::integer[] IS NULL OR before.version = ANY (:expected_versions::integer[]))
      AND NOT EXISTS (
        SELECT FROM jsonb_each(:same::jsonb) AS given (field, fingerprints)
          CROSS JOIN jsonb_each_text(before.fingerprints) AS stored (other, fingerprint)
        WHERE given.field = ANY (:of_one_mode::text[]) AND other = ANY (:of_one_mode::text[]) AND other <> given.field
          AND NOT :same::jsonb ? other AND given.fingerprints ? fingerprint
      )
  ), next AS (
    SELECT :project_id::text AS project_id, coalesce(config.id, gen_random_uuid()) AS id, true AS is_active,
      (config.sealed - replaced.names) || (:sealed::jsonb - change.unstored) || replaced.sealed AS sealed,
      (config.shown - replaced.names) || (:shown::jsonb - change.unstored) || replaced.shown AS shown,
      config.fingerprints || (:fingerprints::jsonb - change.unstored) AS fingerprints,
      (config.expires_at - replaced.names) || replaced.expires_at AS expires_at,
      config.configured_at || (
        SELECT coalesce(jsonb_object_agg(mode, greatest(clock.milliseconds, (config.configured_at ->> mode)::numeric)), '{}')
        FROM (SELECT DISTINCT split_part(field, '_', 1) FROM unnest(change.written) AS field) AS written (mode)
      ) AS configured_at,
      coalesce(config.created_at, clock.now) AS created_at,
      CASE WHEN change.is_one THEN greatest(clock.now, config.updated_at) ELSE config.updated_at END AS updated_at,
      config.version + change.is_one::integer AS version,
      CASE WHEN change.is_one THEN :changed_by::text ELSE config.changed_by END AS changed_by,
      CASE WHEN change.is_one THEN :change_request_id::uuid ELSE config.change_request_id END AS change_request_id,
      change.is_one AS is_change, gen_random_uuid() AS actor_salt, config.is_active AS was_active, config.sealed AS sealed_before,
      config.shown AS shown_before, config.trail_hash AS previous_hash
    FROM config CROSS JOIN (
      SELECT now()::timestamptz(3), round(extract(epoch FROM now()) * 1000)
    ) AS clock (now, milliseconds)
    CROSS JOIN LATERAL (
      SELECT array_agg(field) FILTER (WHERE NOT is_same), coalesce(array_agg(field) FILTER (WHERE is_same), '{}')
      FROM (
        SELECT field, coalesce(fingerprints ? (config.fingerprints ->> field), false)
        FROM jsonb_each(:same::jsonb) AS given (field, fingerprints)
      ) AS given (field, is_same)
    ) AS given (written, unchanged)
    CROSS JOIN LATERAL (
      SELECT is_one, coalesce(written, '{}'), CASE WHEN is_one THEN unchanged ELSE '{}' END
      FROM (SELECT config.is_active IS NOT TRUE OR written IS NOT NULL) AS change (is_one)
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
  ), ${ENTRY}, updated AS (${UPDATE_TO_NEXT}
  ), created AS (
    INSERT INTO {schema}.stripe_configs (
      project_id, id, sealed, shown, fingerprints, configured_at, created_at, updated_at, version, changed_by,
      change_request_id, trail_hash
    )
    SELECT project_id, id, sealed, shown, fingerprints, configured_at, created_at, updated_at, version, changed_by,
      change_request_id, (SELECT hash FROM entry)
    FROM next WHERE was_active IS NULL
    ON CONFLICT (project_id) DO NOTHING
    RETURNING id, project_id, is_active, shown, configured_at, created_at, updated_at, version, change_request_id
  ), written AS (SELECT * FROM updated UNION ALL SELECT * FROM created), ${AUDITED}
  ${SELECT_WRITTEN}`,
});
