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
  word,
} from '../database/statement.js';
import type { SealedField } from '../domain/credentials.js';
import { entryHashOf } from '../stripe-config/audit-trail.js';
import { checkedChain, FAULTS_OF_CHAIN, type ChainFaultKind } from '../database/hash-chain.js';
import type { AuditAction } from './audit-entry.entity.js';

/** The changes of a project below a version, newest first. */
export const HISTORY = statement({
  name: 'stripe_config_audit_history',
  parameters: { project_id: text, below: integer, size: bigint },
  columns: {
    version: integer,
    action: word<AuditAction>(),
    actor: nullable(varchar),
    request_id: uuid,
    changed_at: time,
    fields: json<SealedField[]>(),
    masks_before: json<Partial<Record<SealedField, string | null>>>(),
    masks_after: json<Partial<Record<SealedField, string | null>>>(),
  },
  text: `
  SELECT version, action, actor, request_id, extract(epoch FROM changed_at) * 1000 AS changed_at, to_jsonb(fields) AS fields,
    masks_before, masks_after
  FROM {schema}.stripe_config_audit WHERE project_id = :project_id AND version < :below ORDER BY version DESC LIMIT :size`,
});

/**
 * Places where the trail of some projects is not what was written: every row's hash is computed again, and that of its actor unless
 * who that was has been erased, every row must follow the one before, and the last must be of the configuration's current version and
 * have the hash that the configuration names. Only a project that was removed before it had a configuration has a row without a
 * trail. For a missing row the version is the expected one.
 */
export const FIND_AUDIT_FAULTS = statement({
  name: 'stripe_config_audit_find_faults',
  parameters: { after: text, upto: text },
  columns: {
    project_id: varchar,
    version: integer,
    fault: word<ChainFaultKind>(),
  },
  text: `
  WITH ${checkedChain({ table: 'stripe_config_audit', hash: entryHashOf('entry'), people: ['actor'] })}
  ${FAULTS_OF_CHAIN}
  UNION ALL
  SELECT coalesce(config.project_id, last.project_id), coalesce(config.version, last.version),
    CASE WHEN config.version = last.version THEN 'chain broken' ELSE 'missing or moved' END
  FROM (
    SELECT project_id, version, trail_hash, version = 0 AND (is_active OR removed_at IS NULL OR trail_hash <> '') AS is_planted
    FROM {schema}.stripe_configs WHERE project_id > :after AND project_id <= :upto
  ) AS config
  FULL JOIN (SELECT DISTINCT ON (project_id) project_id, version, hash FROM trail ORDER BY project_id, version DESC) AS last
    ON last.project_id = config.project_id
  WHERE coalesce(config.version, 0) <> coalesce(last.version, 0) OR config.trail_hash <> last.hash OR is_planted
  ORDER BY 1, 2`,
});

/**
 * The ends of the next chains behind a project: the hash of the row of the configuration's version, null where the trail lacks it.
 * A removed project that never had a configuration has the version 0.
 */
export const LIST_CHAINS = statement({
  name: 'stripe_config_audit_list_chains',
  parameters: { after: text, size: bigint },
  columns: { project_id: varchar, version: integer, hash: nullable(text), is_removed: boolean },
  text: `
  SELECT config.project_id, config.version, encode(entry.hash, 'hex') AS hash, config.is_removed
  FROM (
    SELECT project_id, version, removed_at IS NOT NULL AS is_removed
    FROM {schema}.stripe_configs WHERE project_id > :after ORDER BY project_id LIMIT :size
  ) AS config
  LEFT JOIN {schema}.stripe_config_audit AS entry ON entry.project_id = config.project_id AND entry.version = config.version
  ORDER BY config.project_id`,
});

/** Of some chains: the hash of a version, null where there is none, the newest version, and whether the project is removed. */
export const COMPARE_CHAINS = statement({
  name: 'stripe_config_audit_compare_chains',
  parameters: { project_ids: listOf(text), versions: listOf(integer) },
  columns: {
    project_id: text,
    hash: nullable(text),
    newest_version: nullable(integer),
    is_removed: boolean,
  },
  text: `
  SELECT wanted.project_id, encode(entry.hash, 'hex') AS hash,
    (SELECT version FROM {schema}.stripe_config_audit WHERE project_id = wanted.project_id ORDER BY version DESC LIMIT 1)
      AS newest_version,
    EXISTS (SELECT FROM {schema}.stripe_configs WHERE project_id = wanted.project_id AND removed_at IS NOT NULL) AS is_removed
  FROM unnest(:project_ids::text[], :versions::integer[]) AS wanted(project_id, version)
  LEFT JOIN {schema}.stripe_config_audit AS entry ON entry.project_id = wanted.project_id AND entry.version = wanted.version`,
  spreadText: `
  SELECT wanted.project_id, encode(entry.hash, 'hex') AS hash, newest.version AS newest_version, removed.project_id IS NOT NULL AS is_removed
  FROM unnest(:project_ids::text[], :versions::integer[]) AS wanted(project_id, version)
  LEFT JOIN (
    SELECT project_id, version, hash FROM {schema}.stripe_config_audit WHERE project_id = ANY (:project_ids::text[])
  ) AS entry ON entry.project_id = wanted.project_id AND entry.version = wanted.version
  LEFT JOIN (
    SELECT project_id, max(version) AS version FROM {schema}.stripe_config_audit WHERE project_id = ANY (:project_ids::text[]) GROUP BY project_id
  ) AS newest ON newest.project_id = wanted.project_id
  LEFT JOIN (
    SELECT project_id FROM {schema}.stripe_configs WHERE project_id = ANY (:project_ids::text[]) AND removed_at IS NOT NULL
  ) AS removed ON removed.project_id = wanted.project_id`,
});
