import {
  bigint,
  integer,
  json,
  listOf,
  nullable,
  statement,
  text,
  uuid,
  varchar,
  word,
} from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';
import type { ByCredential } from '../stripe-config/stripe-config.entity.js';
import type { EventKey } from './sealed-table.js';

/** How many configurations hold a value that does not begin with a prefix. */
export const COUNT_OUTDATED_CONFIGS = statement({
  name: 'stripe_configs_count_outdated',
  parameters: { prefix: text },
  columns: { count: integer },
  text: `
  SELECT count(*)::integer AS count FROM {schema}.stripe_configs
  WHERE jsonb_path_exists(sealed, '$.* ? (!(@ starts with $prefix))', jsonb_build_object('prefix', :prefix::text))`,
});

/** Configurations with such a value, after a project. */
export const FIND_OUTDATED_CONFIGS = statement({
  name: 'stripe_configs_find_outdated',
  parameters: { prefix: text, after: text, size: bigint },
  columns: { id: uuid, project_id: varchar, sealed: json<ByCredential<string>>() },
  text: `
  SELECT id, project_id, sealed FROM {schema}.stripe_configs
  WHERE project_id > :after
    AND jsonb_path_exists(sealed, '$.* ? (!(@ starts with $prefix))', jsonb_build_object('prefix', :prefix::text))
  ORDER BY project_id LIMIT :size`,
});

/** As {@link FIND_OUTDATED_CONFIGS}, skipping locked ones. */
export const LOCK_OUTDATED_CONFIGS = statement({
  name: 'stripe_configs_lock_outdated',
  parameters: { prefix: text, after: text, size: bigint },
  columns: { id: uuid, project_id: varchar, sealed: json<ByCredential<string>>() },
  text: `
  SELECT id, project_id, sealed FROM {schema}.stripe_configs
  WHERE project_id > :after
    AND jsonb_path_exists(sealed, '$.* ? (!(@ starts with $prefix))', jsonb_build_object('prefix', :prefix::text))
  ORDER BY project_id LIMIT :size FOR NO KEY UPDATE SKIP LOCKED`,
  spreadText: FIND_OUTDATED_CONFIGS.text,
});

/** Replaces sealed values where they are still those that were opened. */
export const WRITE_CONFIGS = statement({
  name: 'stripe_configs_write_resealed',
  parameters: {
    rows: json<
      {
        project_id: string;
        old: ByCredential<string>;
        sealed: ByCredential<string>;
        fingerprints: ByCredential<string>;
      }[]
    >(),
  },
  columns: {},
  text: `
  UPDATE {schema}.stripe_configs AS config
  SET sealed = config.sealed || batch.sealed, fingerprints = config.fingerprints || batch.fingerprints
  FROM jsonb_to_recordset(:rows::jsonb) AS batch (project_id text, old jsonb, sealed jsonb, fingerprints jsonb)
  WHERE config.project_id = batch.project_id AND config.sealed @> batch.old`,
});

/** How many events have a payload that does not begin with a prefix. */
export const COUNT_OUTDATED_EVENTS = statement({
  name: 'stripe_events_count_outdated',
  parameters: { prefix: text },
  columns: { count: integer },
  text: 'SELECT count(*)::integer AS count FROM {schema}.stripe_events WHERE substr(payload_sealed, 1, length(:prefix::text)) <> :prefix',
});

/** Such events, after one of them. */
export const FIND_OUTDATED_EVENTS = statement({
  name: 'stripe_events_find_outdated',
  parameters: {
    prefix: text,
    project_id: text,
    mode: word<EventKey['mode']>(),
    event_id: text,
    size: bigint,
  },
  columns: { project_id: varchar, mode: word<Mode>(), event_id: varchar, payload_sealed: text },
  text: `
  SELECT project_id, mode, event_id, payload_sealed FROM {schema}.stripe_events
  WHERE (project_id, mode, event_id) > (:project_id, :mode::text, :event_id::text) AND substr(payload_sealed, 1, length(:prefix::text)) <> :prefix
  ORDER BY project_id, mode, event_id LIMIT :size`,
});

/** As {@link FIND_OUTDATED_EVENTS}, skipping locked ones. */
export const LOCK_OUTDATED_EVENTS = statement({
  name: 'stripe_events_lock_outdated',
  parameters: {
    prefix: text,
    project_id: text,
    mode: word<EventKey['mode']>(),
    event_id: text,
    size: bigint,
  },
  columns: { project_id: varchar, mode: word<Mode>(), event_id: varchar, payload_sealed: text },
  text: `
  SELECT project_id, mode, event_id, payload_sealed FROM {schema}.stripe_events
  WHERE (project_id, mode, event_id) > (:project_id, :mode::text, :event_id::text) AND substr(payload_sealed, 1, length(:prefix::text)) <> :prefix
  ORDER BY project_id, mode, event_id LIMIT :size FOR NO KEY UPDATE SKIP LOCKED`,
  spreadText: FIND_OUTDATED_EVENTS.text,
});

/** Replaces sealed payloads where they are still those that were opened. */
export const WRITE_EVENTS = statement({
  name: 'stripe_events_write_resealed',
  parameters: { rows: json<(EventKey & { old: string; sealed: string })[]>() },
  columns: {},
  text: `
  UPDATE {schema}.stripe_events AS event SET payload_sealed = batch.sealed
  FROM jsonb_to_recordset(:rows::jsonb) AS batch (project_id text, mode text, event_id text, old text, sealed text)
  WHERE event.project_id = batch.project_id AND event.mode = batch.mode AND event.event_id = batch.event_id
    AND event.payload_sealed = batch.old`,
});

/** How many rows hold sealed values. */
export const COUNT_SEALED = statement({
  name: 'stripe_config_keys_count_sealed',
  parameters: {},
  columns: { count: bigint },
  text: `
  SELECT (SELECT count(*) FROM {schema}.stripe_configs) + (SELECT count(payload_sealed) FROM {schema}.stripe_events) AS count`,
});

/** How many values and rows of some projects each key has sealed. */
export const COUNT_BY_KEY = statement({
  name: 'stripe_config_keys_count_use',
  parameters: { after: text, upto: text },
  columns: { key_id: text, rows: integer, values: integer },
  text: `
  SELECT key_id, sum(rows)::integer AS rows, sum(values)::integer AS values FROM (
    SELECT split_part(value, '.', 2) AS key_id, count(DISTINCT project_id) AS rows, count(*) AS values
    FROM {schema}.stripe_configs CROSS JOIN jsonb_each_text(sealed) AS credential (field, value)
    WHERE project_id > :after AND project_id <= :upto GROUP BY 1
    UNION ALL
    SELECT substr(payload_sealed, 5, 10), count(*), count(*) FROM {schema}.stripe_events
    WHERE project_id > :after AND project_id <= :upto AND payload_sealed IS NOT NULL GROUP BY 1
  ) AS counts GROUP BY 1`,
});

/** Leaves what was counted for the metrics of running services, which must not count it themselves. */
export const RECORD_COUNTS = statement({
  name: 'stripe_config_keys_record_counts',
  parameters: { key_ids: listOf(text), counts: listOf(bigint) },
  columns: {},
  text: `
  UPDATE {schema}.stripe_config_keys AS key SET row_count = coalesce(
    (SELECT rows FROM unnest(:key_ids::text[], :counts::bigint[]) AS counted (key_id, rows) WHERE counted.key_id = key.key_id), 0
  )`,
});

/** Leaves how far a rewrap is, likewise. */
export const RECORD_REWRAP = statement({
  name: 'stripe_config_keys_record_rewrap',
  parameters: { key_id: text, remaining: bigint },
  columns: {},
  text: 'UPDATE {schema}.stripe_config_keys SET rewrap_remaining = :remaining WHERE key_id = :key_id',
});

/** The keys that replicas of this database have held. */
export const LIST_KEYS = statement({
  name: 'stripe_config_keys_list',
  parameters: {},
  columns: { key_id: text },
  text: 'SELECT key_id FROM {schema}.stripe_config_keys ORDER BY first_seen_at',
});

/** The replicas that have reported in the last three minutes; they do so every minute. */
export const LIST_REPLICAS = statement({
  name: 'stripe_config_replicas_list',
  parameters: {},
  columns: {
    replica_id: uuid,
    ring_fingerprint: text,
    active_key_id: text,
    host_name: nullable(text),
  },
  text: `
  SELECT replica_id, ring_fingerprint, active_key_id, host_name FROM {schema}.stripe_config_replicas
  WHERE seen_at > now() - interval '3 minutes' ORDER BY replica_id`,
});

/** Deletes a key that seals nothing any more, so that a ring may lack it. */
export const FORGET_KEY = statement({
  name: 'stripe_config_keys_forget',
  parameters: { key_id: text },
  columns: {},
  text: 'DELETE FROM {schema}.stripe_config_keys WHERE key_id = :key_id',
});

/** Configurations after a project, with their sealed values. */
export const SCAN_CONFIGS = statement({
  name: 'stripe_configs_scan',
  parameters: { after: text, size: bigint },
  columns: { id: uuid, project_id: varchar, sealed: json<ByCredential<string>>() },
  text: `
  SELECT id, project_id, sealed FROM {schema}.stripe_configs WHERE project_id > :after ORDER BY project_id LIMIT :size`,
});

/** Events after one of them, with their sealed payloads. */
export const SCAN_EVENTS = statement({
  name: 'stripe_events_scan',
  parameters: { project_id: text, mode: word<EventKey['mode']>(), event_id: text, size: bigint },
  columns: { project_id: varchar, mode: word<Mode>(), event_id: varchar, payload_sealed: text },
  text: `
  SELECT project_id, mode, event_id, payload_sealed FROM {schema}.stripe_events
  WHERE (project_id, mode, event_id) > (:project_id, :mode::text, :event_id::text) AND payload_sealed IS NOT NULL
  ORDER BY project_id, mode, event_id LIMIT :size`,
});
