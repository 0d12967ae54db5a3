import { digestOf, personDigestOf } from '../database/hash-chain.js';

/**
 * The SQL that writes the audit trail: in the statement that changes a configuration, and in no other way. Such a statement locks
 * the row, computes from it what is to be stored, and then writes the configuration and its row of the trail:
 *
 *     WITH before AS (SELECT … FOR NO KEY UPDATE), next AS (…), ENTRY, written AS (… RETURNING …), AUDITED
 *
 * A row that was locked is the newest one, also after waiting for another change, whereas everything else that a statement reads is
 * as it was when the statement began. So the configuration carries the hash of the last row of its trail, to which the next one is
 * chained. The expressions are of built-in functions alone, for engines that have neither triggers nor functions of their own.
 */

/**
 * The hash of a row of the trail: of everything in it but itself, the hash of the row before included, and its actor as the
 * digest.
 *
 * @param entry the name of the row
 */
export function entryHashOf(entry: string): string {
  return digestOf([
    `${entry}.project_id`,
    `${entry}.version`,
    `${entry}.action`,
    `encode(${entry}.actor_digest, 'hex')`,
    `${entry}.request_id`,
    `extract(epoch FROM ${entry}.changed_at)`,
    `${entry}.fields`,
    `${entry}.masks_before`,
    `${entry}.masks_after`,
    `${entry}.fingerprints_after`,
    `encode(${entry}.previous_hash, 'hex')`,
  ]);
}

/**
 * The rows of the trail for `next`, whose rows have the columns of a configuration as they are to be stored, `is_change`, a random
 * `actor_salt`, and of the row before `was_active` (null: there was none), `sealed_before`, `shown_before` and `previous_hash`.
 */
export const ENTRY = `
  entry AS (
    SELECT entry.*, ${entryHashOf('entry')} AS hash
    FROM (
      SELECT project_id, version,
        CASE WHEN was_active IS NULL THEN 'created' WHEN NOT is_active THEN 'deleted' WHEN was_active THEN 'updated'
          ELSE 'reactivated' END AS action,
        changed_by AS actor, actor_salt, ${personDigestOf('actor_salt', 'changed_by')} AS actor_digest,
        change_request_id AS request_id, updated_at AS changed_at, fields, masks_before, masks_after, fingerprints_after,
        previous_hash
      FROM next CROSS JOIN LATERAL (
        SELECT coalesce(array_agg(field ORDER BY field), '{}'), coalesce(jsonb_object_agg(field, shown_before -> field), '{}'),
          coalesce(jsonb_object_agg(field, shown -> field), '{}'), coalesce(jsonb_object_agg(field, fingerprints -> field), '{}')
        FROM jsonb_object_keys(shown_before || shown) AS field
        WHERE sealed_before -> field IS DISTINCT FROM sealed -> field
      ) AS changed (fields, masks_before, masks_after, fingerprints_after)
      WHERE is_change
    ) AS entry
  )`;

/** Writes the rows of `entry` whose configurations are among `written`. */
export const AUDITED = `
  audited AS (
    INSERT INTO {schema}.stripe_config_audit (
      project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, fields, masks_before, masks_after,
      fingerprints_after, previous_hash, hash
    )
    SELECT project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, fields, masks_before,
      masks_after, fingerprints_after, previous_hash, hash
    FROM entry WHERE project_id IN (SELECT project_id FROM written)
  )`;
