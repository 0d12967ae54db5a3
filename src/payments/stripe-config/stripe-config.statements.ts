import {
  bigint,
  boolean,
  integer,
  json,
  listOf,
  nullable,
  statement,
  text,
  time,
  uuid,
  varchar,
  withoutLocks,
} from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';
import { AUDITED, ENTRY } from './audit-trail.js';
import type { ByCredential } from './stripe-config.entity.js';

/**
 * The SQL of the feature. Fingerprints go in and come out only to be compared, sealed values only through
 * {@link FIND_SEALED} and {@link FIND_WEBHOOK_SECRETS}: every other statement returns the same harmless columns.
 */
const VIEW = {
  id: uuid,
  project_id: varchar,
  is_active: boolean,
  shown: json<ByCredential<string>>(),
  configured_at: json<Partial<Record<Mode, number>>>(),
  created_at: time,
  updated_at: time,
  version: integer,
};

/** What a write returns: the request id is the writer's own where something has changed. */
export const WRITTEN = { ...VIEW, change_request_id: uuid };

export const FIND = statement({
  name: 'stripe_configs_find',
  parameters: { project_ids: listOf(text) },
  columns: VIEW,
  text: `
  SELECT id, project_id, is_active, shown, configured_at, extract(epoch FROM created_at) * 1000 AS created_at,
    extract(epoch FROM updated_at) * 1000 AS updated_at, version
  FROM {schema}.stripe_configs WHERE project_id = ANY (:project_ids) AND version > 0`,
});

/** The versions of configurations. */
export const FIND_VERSIONS = statement({
  name: 'stripe_configs_find_versions',
  parameters: { project_ids: listOf(text) },
  columns: { project_id: varchar, version: integer },
  text: 'SELECT project_id, version FROM {schema}.stripe_configs WHERE project_id = ANY (:project_ids)',
});

/** Returns sealed values, for the code that opens them. */
export const FIND_SEALED = statement({
  name: 'stripe_configs_find_sealed',
  parameters: { project_id: text },
  columns: { id: uuid, project_id: varchar, sealed: json<ByCredential<string>>() },
  text: 'SELECT id, project_id, sealed FROM {schema}.stripe_configs WHERE project_id = :project_id',
});

/**
 * Returns what verifies a mode's webhooks for each project, or no row where no webhook is accepted: the stored secret with its
 * fingerprint, and the one before while it is still accepted, with how long that is, in milliseconds.
 */
export const FIND_WEBHOOK_SECRETS = statement({
  name: 'stripe_configs_find_webhook_secrets',
  parameters: { project_ids: listOf(text), mode: text },
  columns: {
    project_id: varchar,
    current: text,
    fingerprint: text,
    previous: nullable(text),
    previous_ms_left: nullable(bigint),
  },
  text: `
  SELECT project_id, sealed ->> (:mode::text || '_webhook_secret') AS current,
    fingerprints ->> (:mode::text || '_webhook_secret') AS fingerprint,
    CASE WHEN ms_left > 0 THEN sealed ->> (:mode::text || '_previous_webhook_secret') END AS previous,
    ms_left AS previous_ms_left
  FROM {schema}.stripe_configs
    CROSS JOIN LATERAL (
      SELECT ((expires_at ->> (:mode::text || '_previous_webhook_secret'))::numeric - extract(epoch FROM now()) * 1000)::bigint
    ) AS previous (ms_left)
  WHERE project_id = ANY (:project_ids) AND is_active AND removed_at IS NULL AND sealed ? (:mode::text || '_webhook_secret')`,
});

/** Stores `next` in the row that it was computed from, which is locked. */
export const UPDATE_TO_NEXT = `
    UPDATE {schema}.stripe_configs AS config SET
      is_active = next.is_active, sealed = next.sealed, shown = next.shown, fingerprints = next.fingerprints,
      expires_at = next.expires_at, configured_at = next.configured_at, updated_at = next.updated_at, version = next.version,
      changed_by = next.changed_by, change_request_id = next.change_request_id,
      trail_hash = coalesce((SELECT hash FROM entry), previous_hash)
    FROM next WHERE config.project_id = :project_id AND next.project_id = config.project_id AND was_active IS NOT NULL
    RETURNING config.id, config.project_id, config.is_active, config.shown, config.configured_at, config.created_at,
      config.updated_at, config.version, config.change_request_id`;

/** {@link WRITTEN} */
export const SELECT_WRITTEN = `
  SELECT id, project_id, is_active, shown, configured_at, extract(epoch FROM created_at) * 1000 AS created_at,
    extract(epoch FROM updated_at) * 1000 AS updated_at, version, change_request_id
  FROM written`;

/**
 * Deactivates and erases. Returns no row when the project never had a configuration, or its version is not one of the
 * expected (null: any).
 */
export const DEACTIVATE = statement({
  name: 'stripe_configs_deactivate',
  parameters: {
    project_id: text,
    changed_by: varchar,
    change_request_id: uuid,
    expected_versions: nullable(listOf(integer)),
  },
  columns: WRITTEN,
  text: `
  WITH before AS (
    SELECT * FROM {schema}.stripe_configs WHERE project_id = :project_id AND version > 0 FOR NO KEY UPDATE
  ), next AS (
    SELECT project_id, false AS is_active, '{}'::jsonb AS sealed, '{}'::jsonb AS shown, '{}'::jsonb AS fingerprints,
      '{}'::jsonb AS expires_at, '{}'::jsonb AS configured_at,
      CASE WHEN is_active THEN greatest(now()::timestamptz(3), updated_at) ELSE updated_at END AS updated_at,
      version + is_active::integer AS version,
      CASE WHEN is_active THEN :changed_by ELSE changed_by END AS changed_by,
      CASE WHEN is_active THEN :change_request_id ELSE change_request_id END AS change_request_id,
      is_active AS is_change, gen_random_uuid() AS actor_salt, is_active AS was_active, sealed AS sealed_before, shown AS shown_before,
      trail_hash AS previous_hash
    FROM before
    WHERE :expected_versions::integer[] IS NULL OR version = ANY (:expected_versions::integer[])
  ), ${ENTRY}, written AS (${UPDATE_TO_NEXT}
  ), ${AUDITED}
  ${SELECT_WRITTEN}`,
});

/**
 * Ends the overlap of a mode's replaced webhook secret at once. Returns no row when the project never had a configuration.
 */
export const ERASE_PREVIOUS = statement({
  name: 'stripe_configs_erase_previous',
  parameters: { project_id: text, mode: text, changed_by: varchar, change_request_id: uuid },
  columns: WRITTEN,
  text: `
  WITH before AS (
    SELECT *, :mode::text || '_previous_webhook_secret' AS name, sealed ? (:mode::text || '_previous_webhook_secret') AS has_one
    FROM {schema}.stripe_configs WHERE project_id = :project_id AND version > 0 FOR NO KEY UPDATE
  ), next AS (
    SELECT project_id, is_active, sealed - name AS sealed, shown - name AS shown, fingerprints, expires_at - name AS expires_at,
      configured_at, CASE WHEN has_one THEN greatest(now()::timestamptz(3), updated_at) ELSE updated_at END AS updated_at,
      version + has_one::integer AS version,
      CASE WHEN has_one THEN :changed_by ELSE changed_by END AS changed_by,
      CASE WHEN has_one THEN :change_request_id ELSE change_request_id END AS change_request_id,
      has_one AS is_change, gen_random_uuid() AS actor_salt, is_active AS was_active, sealed AS sealed_before, shown AS shown_before,
      trail_hash AS previous_hash
    FROM before
  ), ${ENTRY}, written AS (${UPDATE_TO_NEXT}
  ), ${AUDITED}
  ${SELECT_WRITTEN}`,
});

/** How many configurations {@link ERASE_EXPIRED} changes at once. */
export const ERASE_BATCH = 500;

const ERASE = `
  UPDATE {schema}.stripe_configs AS config SET
    sealed = config.sealed - expired.names, shown = config.shown - expired.names,
    expires_at = config.expires_at - expired.names
  FROM (
    SELECT project_id, expires_at, ARRAY(
      SELECT name FROM jsonb_each_text(expires_at) AS previous (name, until)
      WHERE until::numeric <= extract(epoch FROM now()) * 1000
    ) AS names
    FROM {schema}.stripe_configs
    WHERE expires_at <> '{}' AND least(
      (expires_at ->> 'test_previous_webhook_secret')::numeric, (expires_at ->> 'live_previous_webhook_secret')::numeric
    ) <= extract(epoch FROM now()) * 1000
    ORDER BY least(
      (expires_at ->> 'test_previous_webhook_secret')::numeric, (expires_at ->> 'live_previous_webhook_secret')::numeric
    )
    LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
  ) AS expired
  WHERE config.project_id = expired.project_id AND config.expires_at = expired.expires_at
  RETURNING config.project_id`;

/**
 * Erases expired previous webhook secrets of some configurations, those first that expired first, skipping locked ones, and
 * returns a row for each. They are refused from then on, erased or not. The size of the batch is no parameter: for a plan that
 * is made once PostgreSQL would take it for a tenth of all rows, and read the whole table.
 */
export const ERASE_EXPIRED = statement({
  name: 'stripe_configs_erase_expired',
  parameters: {},
  columns: { project_id: varchar },
  text: ERASE,
  spreadText: withoutLocks(ERASE),
});

/** Whether a project was removed for good. */
export const FIND_REMOVED = statement({
  name: 'stripe_configs_find_removed',
  parameters: { project_id: text },
  columns: { project_id: varchar },
  text: `
  SELECT project_id FROM {schema}.stripe_configs WHERE project_id = :project_id AND removed_at IS NOT NULL`,
});

/** Announces a change with the commit of the transaction in which it is made, and not at all when that is rolled back. */
export const NOTIFY_ON_COMMIT = statement({
  name: 'stripe_config_changed_notify_on_commit',
  parameters: { project_id: text },
  columns: { count: bigint },
  text: `SELECT count(pg_notify('stripe_config_changed', :project_id::text))`,
});

/**
 * Announces which configurations have changed. A commit that notifies holds a server-wide lock until it ends, so this one
 * does not wait for the disk or a standby.
 */
export const NOTIFY = statement({
  name: 'stripe_config_changed_notify',
  parameters: { project_ids: listOf(text) },
  columns: { synchronous_commit: text, count: bigint },
  text: `
  SELECT set_config('synchronous_commit', 'off', true) AS synchronous_commit, count(pg_notify('stripe_config_changed', id))
  FROM unnest(:project_ids::text[]) AS id`,
});
