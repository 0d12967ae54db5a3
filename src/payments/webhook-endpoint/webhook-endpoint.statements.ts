import {
  boolean,
  integer,
  json,
  milliseconds,
  nullable,
  statement,
  text,
  time,
  uuid,
  varchar,
  word,
} from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';
import type { WantedEndpoint } from './webhook-endpoint.entity.js';

const PLACE = { project_id: text, mode: word<Mode>() };

const RECORD = {
  ...PLACE,
  project_id: varchar,
  endpoint_id: nullable(varchar),
  wanted: json<WantedEndpoint>(),
  secret_version: nullable(integer),
  idempotency_key: nullable(uuid),
  made_at: nullable(time),
  removed_at: nullable(time),
  removal_failed_at: nullable(time),
};

export const FIND_ENDPOINT = statement({
  name: 'stripe_webhook_endpoints_find',
  parameters: PLACE,
  columns: RECORD,
  text: `
  SELECT project_id, mode, endpoint_id, wanted, secret_version, idempotency_key, extract(epoch FROM made_at) * 1000 AS made_at,
    extract(epoch FROM removed_at) * 1000 AS removed_at, extract(epoch FROM removal_failed_at) * 1000 AS removal_failed_at
  FROM {schema}.stripe_webhook_endpoints WHERE project_id = :project_id AND mode = :mode`,
});

/** What this service created, or began to create, and has not removed from Stripe. */
export const FIND_MADE = statement({
  name: 'stripe_webhook_endpoints_find_made',
  parameters: { project_id: text },
  columns: RECORD,
  text: `
  SELECT project_id, mode, endpoint_id, wanted, secret_version, idempotency_key, extract(epoch FROM made_at) * 1000 AS made_at,
    extract(epoch FROM removed_at) * 1000 AS removed_at, extract(epoch FROM removal_failed_at) * 1000 AS removal_failed_at
  FROM {schema}.stripe_webhook_endpoints
  WHERE project_id = :project_id AND (idempotency_key IS NOT NULL
    OR (endpoint_id IS NOT NULL AND made_at IS NOT NULL AND removed_at IS NULL))`,
});

/** Before an endpoint is created. */
export const BEGIN_MAKING = statement({
  name: 'stripe_webhook_endpoints_begin_making',
  parameters: { ...PLACE, project_id: varchar, wanted: json<WantedEndpoint>(), idempotency_key: uuid },
  columns: {},
  text: `
  INSERT INTO {schema}.stripe_webhook_endpoints (project_id, mode, wanted, idempotency_key)
  VALUES (:project_id, :mode, :wanted, :idempotency_key)
  ON CONFLICT (project_id, mode) DO UPDATE SET wanted = excluded.wanted, idempotency_key = excluded.idempotency_key`,
});

/** Stripe refused, so there is nothing to repeat. */
export const END_MAKING = statement({
  name: 'stripe_webhook_endpoints_end_making',
  parameters: PLACE,
  columns: RECORD,
  text: `
  UPDATE {schema}.stripe_webhook_endpoints SET idempotency_key = NULL WHERE project_id = :project_id AND mode = :mode
  RETURNING project_id, mode, endpoint_id, wanted, secret_version, idempotency_key,
    ${milliseconds('made_at')} AS made_at, ${milliseconds('removed_at')} AS removed_at,
    ${milliseconds('removal_failed_at')} AS removal_failed_at`,
});

/** The endpoint in use. */
export const SAVE_ENDPOINT = statement({
  name: 'stripe_webhook_endpoints_save',
  parameters: {
    ...PLACE,
    project_id: varchar,
    wanted: json<WantedEndpoint>(),
    endpoint_id: varchar,
    secret_version: nullable(integer),
    is_ours: boolean,
  },
  columns: RECORD,
  text: `
  INSERT INTO {schema}.stripe_webhook_endpoints AS stored (project_id, mode, wanted, endpoint_id, secret_version, made_at)
  VALUES (:project_id, :mode, :wanted, :endpoint_id, :secret_version, CASE WHEN :is_ours THEN now() END)
  ON CONFLICT (project_id, mode) DO UPDATE SET
    wanted = excluded.wanted, endpoint_id = excluded.endpoint_id, secret_version = excluded.secret_version,
    made_at = CASE WHEN stored.endpoint_id = excluded.endpoint_id AND stored.removed_at IS NULL
      THEN stored.made_at ELSE excluded.made_at END,
    idempotency_key = NULL, removed_at = NULL, removal_failed_at = NULL
  RETURNING project_id, mode, endpoint_id, wanted, secret_version, idempotency_key,
    ${milliseconds('made_at')} AS made_at, ${milliseconds('removed_at')} AS removed_at,
    ${milliseconds('removal_failed_at')} AS removal_failed_at`,
});

export const MARK_REMOVED = statement({
  name: 'stripe_webhook_endpoints_mark_removed',
  parameters: PLACE,
  columns: {},
  text: `
  UPDATE {schema}.stripe_webhook_endpoints SET removed_at = now(), removal_failed_at = NULL, idempotency_key = NULL
  WHERE project_id = :project_id AND mode = :mode`,
});

export const MARK_NOT_REMOVED = statement({
  name: 'stripe_webhook_endpoints_mark_not_removed',
  parameters: PLACE,
  columns: {},
  text: `
  UPDATE {schema}.stripe_webhook_endpoints SET removal_failed_at = now() WHERE project_id = :project_id AND mode = :mode`,
});

/** For an endpoint that was created by hand, or whose creation never finished. */
export const DELETE_RECORD = statement({
  name: 'stripe_webhook_endpoints_delete',
  parameters: PLACE,
  columns: {},
  text: 'DELETE FROM {schema}.stripe_webhook_endpoints WHERE project_id = :project_id AND mode = :mode',
});

/** In which version a mode's webhook secret was last written. */
export const LAST_WRITTEN = statement({
  name: 'stripe_config_audit_last_written',
  parameters: PLACE,
  columns: { version: nullable(integer) },
  text: `
  SELECT max(version) AS version FROM {schema}.stripe_config_audit
  WHERE project_id = :project_id AND (:mode::text || '_webhook_secret') = ANY (fields)`,
});

/** The version whose current webhook secret verified an event. */
export const LAST_VERIFIED = statement({
  name: 'stripe_config_states_last_verified',
  parameters: PLACE,
  columns: { version: nullable(integer) },
  text: `
  SELECT webhook_version AS version FROM {schema}.stripe_config_states WHERE project_id = :project_id AND mode = :mode`,
});
