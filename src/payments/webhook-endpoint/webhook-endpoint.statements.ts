import type { Statement } from '../database/run-statement.js';
import { timeColumn } from '../database/result-types.js';

const COLUMNS = [
  'project_id, mode, endpoint_id, wanted, secret_version, idempotency_key',
  ...['made_at', 'removed_at', 'removal_failed_at'].map((column) => timeColumn(column)),
].join(', ');

/** `$1` project id, `$2` mode. */
export const FIND_ENDPOINT: Statement = {
  name: 'stripe_webhook_endpoints_find',
  text: `SELECT ${COLUMNS} FROM stripe_webhook_endpoints WHERE project_id = $1 AND mode = $2`,
};

/** What this service made, or began to make, and has not removed from Stripe. `$1` project id. */
export const FIND_MADE: Statement = {
  name: 'stripe_webhook_endpoints_find_made',
  text: `SELECT ${COLUMNS} FROM stripe_webhook_endpoints
    WHERE project_id = $1 AND (idempotency_key IS NOT NULL
      OR (endpoint_id IS NOT NULL AND made_at IS NOT NULL AND removed_at IS NULL))`,
};

/** Before an endpoint is made. `$1` project id, `$2` mode, `$3` wanted, `$4` idempotency key. */
export const BEGIN_MAKING: Statement = {
  name: 'stripe_webhook_endpoints_begin_making',
  text: `
  INSERT INTO stripe_webhook_endpoints (project_id, mode, wanted, idempotency_key) VALUES ($1, $2, $3, $4)
  ON CONFLICT (project_id, mode) DO UPDATE SET wanted = excluded.wanted, idempotency_key = excluded.idempotency_key`,
};

/** Stripe refused, so that there is nothing to repeat. `$1` project id, `$2` mode. */
export const END_MAKING: Statement = {
  name: 'stripe_webhook_endpoints_end_making',
  text: `UPDATE stripe_webhook_endpoints SET idempotency_key = NULL WHERE project_id = $1 AND mode = $2
    RETURNING ${COLUMNS}`,
};

/** The endpoint in use. `$1` project id, `$2` mode, `$3` wanted, `$4` endpoint id, `$5` secret version, `$6` whether this service made it. */
export const SAVE_ENDPOINT: Statement = {
  name: 'stripe_webhook_endpoints_save',
  text: `
  INSERT INTO stripe_webhook_endpoints AS stored (project_id, mode, wanted, endpoint_id, secret_version, made_at)
  VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END)
  ON CONFLICT (project_id, mode) DO UPDATE SET
    wanted = excluded.wanted, endpoint_id = excluded.endpoint_id, secret_version = excluded.secret_version,
    made_at = CASE WHEN stored.endpoint_id = excluded.endpoint_id AND stored.removed_at IS NULL
      THEN stored.made_at ELSE excluded.made_at END,
    idempotency_key = NULL, removed_at = NULL, removal_failed_at = NULL
  RETURNING ${COLUMNS}`,
};

/** `$1` project id, `$2` mode. */
export const MARK_REMOVED: Statement = {
  name: 'stripe_webhook_endpoints_mark_removed',
  text: `UPDATE stripe_webhook_endpoints SET removed_at = now(), removal_failed_at = NULL, idempotency_key = NULL
    WHERE project_id = $1 AND mode = $2`,
};

/** `$1` project id, `$2` mode. */
export const MARK_NOT_REMOVED: Statement = {
  name: 'stripe_webhook_endpoints_mark_not_removed',
  text: `UPDATE stripe_webhook_endpoints SET removal_failed_at = now()
    WHERE project_id = $1 AND mode = $2`,
};

/** For an endpoint that was made by hand, or never finished. `$1` project id, `$2` mode. */
export const DELETE_RECORD: Statement = {
  name: 'stripe_webhook_endpoints_delete',
  text: 'DELETE FROM stripe_webhook_endpoints WHERE project_id = $1 AND mode = $2',
};

/** In which version a credential was last written. `$1` project id, `$2` its field. */
export const LAST_WRITTEN: Statement = {
  name: 'stripe_config_audit_last_written',
  text: 'SELECT max(version) AS version FROM stripe_config_audit WHERE project_id = $1 AND $2 = ANY (fields)',
};

/** The version whose present webhook secret verified an event. `$1` project id, `$2` mode. */
export const LAST_VERIFIED: Statement = {
  name: 'stripe_config_states_last_verified',
  text: 'SELECT webhook_version AS version FROM stripe_config_states WHERE project_id = $1 AND mode = $2',
};
