import { boolean, integer, json, listOf, statement, text, uuid, varchar } from '../database/statement.js';
import { AUDITED, ENTRY } from './audit-trail.js';
import type { ByCredential } from './stripe-config.entity.js';

/** What an import compares its rows with. */
export const FIND_FINGERPRINTS = statement({
  name: 'stripe_configs_find_fingerprints',
  parameters: { project_ids: listOf(text) },
  columns: {
    project_id: varchar,
    is_active: boolean,
    version: integer,
    fingerprints: json<ByCredential<string>>(),
  },
  text: `
  SELECT project_id, is_active, version, fingerprints
  FROM {schema}.stripe_configs WHERE project_id = ANY (:project_ids)`,
});

/** A configuration to store. */
export interface NewConfig {
  project_id: string;
  sealed: ByCredential<string>;
  shown: ByCredential<string>;
  fingerprints: ByCredential<string>;
}

/**
 * Stores configurations of projects that have none, all of them or, when it fails, none. Returns the projects that it has stored: not those that were removed, or have one by now.
 */
export const INSERT_CONFIGS = statement({
  name: 'stripe_configs_insert_many',
  parameters: { configs: json<readonly NewConfig[]>(), changed_by: text, change_request_id: uuid },
  columns: { project_id: varchar },
  text: `
  WITH next AS (
    SELECT project_id, true AS is_active, sealed, shown, fingerprints, configured_at, now()::timestamptz(3) AS updated_at,
      1 AS version, :changed_by::text AS changed_by, :change_request_id::uuid AS change_request_id, true AS is_change,
      gen_random_uuid() AS actor_salt, NULL::boolean AS was_active, '{}'::jsonb AS sealed_before, '{}'::jsonb AS shown_before, ''::bytea AS previous_hash
    FROM jsonb_to_recordset(:configs::jsonb) AS config (project_id text, sealed jsonb, shown jsonb, fingerprints jsonb)
      CROSS JOIN LATERAL (
        SELECT coalesce(jsonb_object_agg(split_part(field, '_', 1), round(extract(epoch FROM now()) * 1000)), '{}')
        FROM jsonb_object_keys(sealed) AS field
      ) AS configured (configured_at)
  ), ${ENTRY}, written AS (
    INSERT INTO {schema}.stripe_configs (
      project_id, sealed, shown, fingerprints, configured_at, created_at, updated_at, version, changed_by, change_request_id,
      trail_hash
    )
    SELECT next.project_id, sealed, shown, fingerprints, configured_at, updated_at, updated_at, next.version, changed_by,
      change_request_id, entry.hash
    FROM next JOIN entry ON entry.project_id = next.project_id
    ON CONFLICT (project_id) DO NOTHING
    RETURNING project_id
  ), ${AUDITED}
  SELECT project_id FROM written`,
});
