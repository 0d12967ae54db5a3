import { bigint, boolean, listOf, nullable, statement, text, uuid } from '../database/statement.js';

/** Registers keys, each with its canary. The active one may seal values from now on. */
export const REGISTER_KEYS = statement({
  name: 'stripe_config_keys_register',
  parameters: { key_ids: listOf(text), canaries: listOf(text), active_key_id: text },
  columns: {},
  text: `
  INSERT INTO {schema}.stripe_config_keys AS key (key_id, canary, activated_at)
  SELECT key_id, canary, CASE WHEN key_id = :active_key_id THEN now() END
  FROM unnest(:key_ids::text[], :canaries::text[]) AS ring (key_id, canary)
  ON CONFLICT (key_id) DO UPDATE SET activated_at = excluded.activated_at
  WHERE key.activated_at IS NULL AND excluded.activated_at IS NOT NULL`,
});

/** The known keys, whether each may have sealed stored values, and what commands have counted last. */
export const FIND_KEYS = statement({
  name: 'stripe_config_keys_find',
  parameters: {},
  columns: {
    key_id: text,
    canary: text,
    is_activated: boolean,
    row_count: nullable(bigint),
    rewrap_remaining: nullable(bigint),
  },
  text: `
  SELECT key_id, canary, activated_at IS NOT NULL AS is_activated, row_count, rewrap_remaining
  FROM {schema}.stripe_config_keys`,
});

/** Reports which ring a replica holds. Deletes replicas that have not reported for a day. */
export const REPORT_REPLICA = statement({
  name: 'stripe_config_replicas_report',
  parameters: { replica_id: uuid, ring_fingerprint: text, active_key_id: text, host_name: text },
  columns: {},
  text: `
  WITH forgotten AS (
    DELETE FROM {schema}.stripe_config_replicas WHERE seen_at < now() - interval '1 day' AND replica_id <> :replica_id
  )
  INSERT INTO {schema}.stripe_config_replicas (replica_id, ring_fingerprint, active_key_id, host_name)
  VALUES (:replica_id, :ring_fingerprint, :active_key_id, :host_name)
  ON CONFLICT (replica_id) DO UPDATE
    SET ring_fingerprint = excluded.ring_fingerprint, active_key_id = excluded.active_key_id, seen_at = now()`,
});

/** A replica no longer holds a ring. */
export const SIGN_OFF = statement({
  name: 'stripe_config_replicas_sign_off',
  parameters: { replica_id: uuid },
  columns: {},
  text: 'DELETE FROM {schema}.stripe_config_replicas WHERE replica_id = :replica_id',
});
