import {
  boolean,
  integer,
  nullable,
  statement,
  text,
  time,
  varchar,
  word,
  type RowOf,
} from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';
import type { WebhookFault } from '../stripe-webhooks/webhook-monitor.statements.js';
import type { KeyStatus } from './config-state.entity.js';

/**
 * Everything that is stored about one mode's credentials, except the credentials: in which version each was last written (null:
 * never), and the last result of the key's check, which is fresh for 60 seconds. Returns no row when the project never had a
 * configuration.
 */
export const FIND_HEALTH = statement({
  name: 'stripe_config_states_find',
  parameters: { project_id: text, mode: word<Mode>() },
  columns: {
    is_active: boolean,
    version: integer,
    has_secret_key: boolean,
    has_publishable_key: boolean,
    has_webhook_secret: boolean,
    secret_key_version: nullable(integer),
    webhook_secret_version: nullable(integer),
    is_key_fresh: nullable(boolean),
    previous_masked: nullable(text),
    previous_expires_at: nullable(time),
    key_version: nullable(integer),
    key_status: nullable(word<KeyStatus>()),
    account_id: nullable(varchar),
    webhook_version: nullable(integer),
    webhook_failures: integer,
    webhook_failure: nullable(word<WebhookFault>()),
    webhook_ignored: integer,
    key_status_since: nullable(time),
    key_checked_at: nullable(time),
    webhook_verified_at: nullable(time),
    previous_verified_at: nullable(time),
    webhook_failed_at: nullable(time),
    endpoint_id: nullable(varchar),
    endpoint_made_at: nullable(time),
    endpoint_removed_at: nullable(time),
    endpoint_removal_failed_at: nullable(time),
  },
  text: `
  SELECT config.is_active, config.version,
    config.shown ? (:mode::text || '_secret_key') AS has_secret_key,
    config.shown ? (:mode::text || '_publishable_key') AS has_publishable_key,
    config.shown ? (:mode::text || '_webhook_secret') AS has_webhook_secret,
    (SELECT max(version) FROM {schema}.stripe_config_audit
      WHERE project_id = :project_id AND (:mode::text || '_secret_key') = ANY (fields)) AS secret_key_version,
    (SELECT max(version) FROM {schema}.stripe_config_audit
      WHERE project_id = :project_id AND (:mode::text || '_webhook_secret') = ANY (fields)) AS webhook_secret_version,
    state.key_checked_at > now() - interval '60 seconds' AS is_key_fresh,
    CASE WHEN previous.until > extract(epoch FROM now()) * 1000
      THEN config.shown ->> (:mode::text || '_previous_webhook_secret') END AS previous_masked,
    CASE WHEN previous.until > extract(epoch FROM now()) * 1000 THEN previous.until END AS previous_expires_at,
    state.key_version, state.key_status, state.account_id, state.webhook_version,
    coalesce(state.webhook_failures, 0) AS webhook_failures, state.webhook_failure,
    coalesce(state.webhook_ignored, 0) AS webhook_ignored,
    extract(epoch FROM state.key_status_since) * 1000 AS key_status_since,
    extract(epoch FROM state.key_checked_at) * 1000 AS key_checked_at,
    extract(epoch FROM state.webhook_verified_at) * 1000 AS webhook_verified_at,
    extract(epoch FROM state.previous_verified_at) * 1000 AS previous_verified_at,
    extract(epoch FROM state.webhook_failed_at) * 1000 AS webhook_failed_at,
    endpoint.endpoint_id,
    extract(epoch FROM endpoint.made_at) * 1000 AS endpoint_made_at,
    extract(epoch FROM endpoint.removed_at) * 1000 AS endpoint_removed_at,
    extract(epoch FROM endpoint.removal_failed_at) * 1000 AS endpoint_removal_failed_at
  FROM {schema}.stripe_configs AS config
    CROSS JOIN LATERAL (
      SELECT (config.expires_at ->> (:mode::text || '_previous_webhook_secret'))::numeric
    ) AS previous (until)
    LEFT JOIN {schema}.stripe_config_states AS state
      ON state.project_id = config.project_id AND state.mode = :mode::text
    LEFT JOIN {schema}.stripe_webhook_endpoints AS endpoint
      ON endpoint.project_id = config.project_id AND endpoint.mode = :mode::text
  WHERE config.project_id = :project_id`,
});

/** What is stored about one mode's credentials. */
export type HealthRow = RowOf<typeof FIND_HEALTH>;

/**
 * Stores the result of checking the key of a version; the key itself was written in `written_in`. Nothing of a removed project, which
 * may have been erased while Stripe was asked.
 */
export const SAVE_KEY_STATE = statement({
  name: 'stripe_config_states_save_key',
  parameters: {
    project_id: text,
    mode: word<Mode>(),
    version: integer,
    status: word<KeyStatus>(),
    account_id: nullable(varchar),
    written_in: nullable(integer),
  },
  columns: {},
  text: `
  INSERT INTO {schema}.stripe_config_states AS state (
    project_id, mode, key_version, key_status, key_status_since, key_checked_at, account_id
  )
  SELECT project_id, :mode::text, :version::integer, :status::text, now(), now(), :account_id::varchar
  FROM {schema}.stripe_configs WHERE project_id = :project_id AND removed_at IS NULL
  ON CONFLICT (project_id, mode) DO UPDATE SET
    key_version = excluded.key_version, key_status = excluded.key_status, account_id = excluded.account_id,
    key_checked_at = excluded.key_checked_at,
    key_status_since = CASE WHEN state.key_version >= :written_in AND state.key_status = excluded.key_status
      THEN state.key_status_since ELSE excluded.key_status_since END
  WHERE state.key_version IS NULL OR state.key_version <= excluded.key_version`,
});
