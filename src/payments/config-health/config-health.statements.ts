import type { Statement } from '../database/run-statement.js';
import { timeColumn } from '../database/result-types.js';
import type { Mode } from '../domain/credentials.js';
import type { ConfigStateEntity } from './config-state.entity.js';

/** Everything that is stored about one mode's credentials, but the credentials. */
export interface HealthRow extends Omit<ConfigStateEntity, 'project_id' | 'mode'> {
  is_active: boolean;
  version: number;
  has_secret_key: boolean;
  has_publishable_key: boolean;
  has_webhook_secret: boolean;
  /** In which version each was last written; null when never. */
  secret_key_version: number | null;
  webhook_secret_version: number | null;
  /** Whether what is known of the key is recent. */
  is_key_fresh: boolean | null;
  previous_masked: string | null;
  previous_expires_at: Date | null;
  endpoint_id: string | null;
  endpoint_made_at: Date | null;
  endpoint_removed_at: Date | null;
  endpoint_removal_failed_at: Date | null;
}

/** How long an answer of Stripe about a key is good for, in seconds. */
const KEY_FRESH_SECONDS = 60;

/** `$1` project id. Returns no row when the project never had a configuration. */
export const FIND_HEALTH: Record<Mode, Statement> = { test: findHealth('test'), live: findHealth('live') };

function findHealth(mode: Mode): Statement {
  const lastWritten = (field: string): string =>
    `(SELECT max(version) FROM stripe_config_audit WHERE project_id = $1 AND '${mode}_${field}' = ANY (fields))`;
  const previous = `config.${mode}_previous_webhook_secret`;
  const unexpired = (part: string): string =>
    `CASE WHEN ${previous}_expires_at > now() THEN ${previous}_${part} END`;
  return {
    name: `stripe_config_states_find_${mode}`,
    text: `
    SELECT config.is_active, config.version,
      config.${mode}_secret_key_masked IS NOT NULL AS has_secret_key,
      config.${mode}_publishable_key_masked IS NOT NULL AS has_publishable_key,
      config.${mode}_webhook_secret_masked IS NOT NULL AS has_webhook_secret,
      ${lastWritten('secret_key')} AS secret_key_version,
      ${lastWritten('webhook_secret')} AS webhook_secret_version,
      state.key_checked_at > now() - interval '${KEY_FRESH_SECONDS} seconds' AS is_key_fresh,
      ${unexpired('masked')} AS previous_masked, ${timeColumn(unexpired('expires_at'), 'previous_expires_at')},
      state.key_version, state.key_status, state.account_id, state.webhook_version,
      coalesce(state.webhook_failures, 0) AS webhook_failures, state.webhook_failure,
      coalesce(state.webhook_ignored, 0) AS webhook_ignored, endpoint.endpoint_id,
      ${[
        'key_status_since',
        'key_checked_at',
        'webhook_verified_at',
        'previous_verified_at',
        'webhook_failed_at',
      ]
        .map((column) => timeColumn(`state.${column}`, column))
        .join(', ')},
      ${['made_at', 'removed_at', 'removal_failed_at']
        .map((column) => timeColumn(`endpoint.${column}`, `endpoint_${column}`))
        .join(', ')}
    FROM stripe_configs AS config
    LEFT JOIN stripe_config_states AS state ON state.project_id = config.project_id AND state.mode = '${mode}'
    LEFT JOIN stripe_webhook_endpoints AS endpoint
      ON endpoint.project_id = config.project_id AND endpoint.mode = '${mode}'
    WHERE config.project_id = $1`,
  };
}

/**
 * What was found of a key. `$1` project id, `$2` mode, `$3` version, `$4` status, `$5` account id or null, `$6` the version
 * in which the key was written.
 */
export const SAVE_KEY_STATE: Statement = {
  name: 'stripe_config_states_save_key',
  text: `
  INSERT INTO stripe_config_states AS state (
    project_id, mode, key_version, key_status, key_status_since, key_checked_at, account_id
  ) VALUES ($1, $2, $3, $4, now(), now(), $5)
  ON CONFLICT (project_id, mode) DO UPDATE SET
    key_version = excluded.key_version, key_status = excluded.key_status, account_id = excluded.account_id,
    key_checked_at = excluded.key_checked_at,
    key_status_since = CASE WHEN state.key_version >= $6 AND state.key_status = excluded.key_status
      THEN state.key_status_since ELSE excluded.key_status_since END
  WHERE state.key_version IS NULL OR state.key_version <= excluded.key_version`,
};
