import type { DataSource } from 'typeorm';
import { query } from '../schema.js';
import { CREDENTIAL_FIELDS, SEALED_FIELDS } from '../stripe-config/stripe-keys.js';

/** A place where the audit trail, or a configuration, is not what was written. */
export interface AuditFault {
  projectId: string;
  /** The version whose row is at fault; for a missing one, the version that ought to be there. */
  version: number;
  fault:
    | 'edited'
    | 'missing or moved'
    | 'chain broken'
    /** The row of `stripe_configs` shows something else than its trail says. */
    | 'configuration edited';
  /** Which columns of the configuration differ. */
  columns?: string[];
}

/** About how many rows are looked at in one statement; those of one project are looked at together. */
const CONFIGS_PER_BATCH = 500;
const ENTRIES_PER_BATCH = 2_000;

interface FaultRow {
  project_id: string;
  version: number;
  fault: AuditFault['fault'];
  columns: string[] | null;
}

/**
 * Looks for rows of the audit trail that were edited, removed or moved, and for configurations that are not as their trail
 * says: every row's hash is computed anew, every row must follow the one before, the last must be of the configuration's
 * present version, and what the configuration shows must be what was last written. In the order of projects, a part of
 * them in each statement, which sees both tables as they were at one moment.
 */
export async function* auditFaults(dataSource: DataSource): AsyncGenerator<AuditFault> {
  for (let after: string | null = null; ;) {
    const [bounds]: { last: string | null }[] = await query(dataSource, FIND_LAST, [after]);
    const last: string | null = bounds?.last ?? null;
    for (const { project_id: projectId, version, fault, columns } of await query<FaultRow>(
      dataSource,
      FIND_FAULTS,
      [after, last],
    )) {
      yield { projectId, version, fault, ...(columns !== null && { columns }) };
    }
    if (last === null) return;
    after = last;
  }
}

/** All of {@link auditFaults}. */
export async function findAuditFaults(dataSource: DataSource): Promise<AuditFault[]> {
  const faults: AuditFault[] = [];
  for await (const fault of auditFaults(dataSource)) faults.push(fault);
  return faults;
}

/** The last project of a batch; null: there are no more behind it. `$1` the last one of the batch before, or null. */
const FIND_LAST = `
  SELECT least(
    (SELECT project_id FROM stripe_configs WHERE $1::uuid IS NULL OR project_id > $1::uuid
      ORDER BY project_id OFFSET ${CONFIGS_PER_BATCH} LIMIT 1),
    (SELECT project_id FROM stripe_config_audit WHERE $1::uuid IS NULL OR project_id > $1::uuid
      ORDER BY project_id OFFSET ${ENTRIES_PER_BATCH} LIMIT 1)
  ) AS last`;

const IN_BATCH =
  '($1::uuid IS NULL OR project_id > $1::uuid) AND ($2::uuid IS NULL OR project_id <= $2::uuid)';

/** A column of a configuration beside what its trail says of it, which is null where it says nothing. */
type Comparison = [column: string, stored: string, expected: string];

const COMPARISONS: Comparison[] = [
  ['is_active', 'config.is_active::text', "(last.action <> 'deleted')::text"],
  ['changed_by', 'config.changed_by', 'last.actor'],
  ['change_request_id', 'config.change_request_id::text', 'last.request_id::text'],
  ['updated_at', 'extract(epoch FROM config.updated_at)::text', 'extract(epoch FROM last.changed_at)::text'],
  [
    'created_at',
    'extract(epoch FROM config.created_at)::text',
    `CASE WHEN first.action = 'created' THEN extract(epoch FROM first.changed_at)::text
      ELSE extract(epoch FROM config.created_at)::text END`,
  ],
  ...CREDENTIAL_FIELDS.map((field): Comparison => [
    `${field}_masked`,
    `config.${field}_masked`,
    // A configuration from before the trail may have what no entry tells of.
    `CASE WHEN first.action <> 'created' AND NOT coalesce(written.masks ? '${field}', false)
      THEN config.${field}_masked ELSE written.masks ->> '${field}' END`,
  ]),
  // A previous secret is erased without an entry when its time is over.
  ...SEALED_FIELDS.filter((field) => !isCredential(field)).map((field): Comparison => [
    `${field}_masked`,
    `coalesce(config.${field}_masked, written.masks ->> '${field}')`,
    `written.masks ->> '${field}'`,
  ]),
];

function isCredential(field: string): boolean {
  return (CREDENTIAL_FIELDS as readonly string[]).includes(field);
}

/** `$1` and `$2` the projects of the batch: above the first and up to the second, each null where there is no bound. */
const FIND_FAULTS = `
  WITH entry AS MATERIALIZED (
    SELECT audit.*, stripe_config_audit_hash(audit) AS computed_hash,
      lag(hash, 1, '') OVER chain AS expected_previous_hash, lag(version, 1, 0) OVER chain + 1 AS expected_version,
      row_number() OVER chain = 1 AS is_first, lead(version) OVER chain IS NULL AS is_last
    FROM stripe_config_audit AS audit WHERE ${IN_BATCH}
    WINDOW chain AS (PARTITION BY project_id ORDER BY version)
  ), config AS MATERIALIZED (
    SELECT * FROM stripe_configs WHERE ${IN_BATCH}
  ), written AS (
    SELECT project_id, jsonb_object_agg(field, mask) AS masks FROM (
      SELECT DISTINCT ON (project_id, field) project_id, field, masks_after -> field AS mask
      FROM entry CROSS JOIN LATERAL unnest(fields) AS field ORDER BY project_id, field, version DESC
    ) AS last_written GROUP BY project_id
  )
  SELECT project_id, version, 'edited' AS fault, NULL::jsonb AS columns FROM entry WHERE hash <> computed_hash
  UNION ALL
  SELECT project_id, expected_version, 'missing or moved', NULL FROM entry WHERE version <> expected_version
  UNION ALL
  SELECT project_id, version, 'chain broken', NULL FROM entry WHERE previous_hash <> expected_previous_hash
  UNION ALL
  SELECT coalesce(config.project_id, last.project_id), coalesce(config.version, last.version), 'missing or moved', NULL
  FROM config FULL JOIN (SELECT * FROM entry WHERE is_last) AS last ON last.project_id = config.project_id
  WHERE coalesce(config.version, 0) <> coalesce(last.version, 0)
    -- Only what was there before the trail began has none.
    OR last.version IS NULL AND config.created_at > (SELECT min(changed_at) FROM stripe_config_audit)
  UNION ALL
  SELECT config.project_id, config.version, 'configuration edited', jsonb_agg(compared.name ORDER BY compared.name)
  FROM config
  JOIN entry AS last ON last.project_id = config.project_id AND last.version = config.version AND last.is_last
  JOIN entry AS first ON first.project_id = config.project_id AND first.is_first
  LEFT JOIN written ON written.project_id = config.project_id
  CROSS JOIN LATERAL (VALUES
    ${COMPARISONS.map(([name, stored, expected]) => `('${name}', ${stored}, ${expected})`).join(',\n    ')}
  ) AS compared (name, stored, expected)
  WHERE compared.stored IS DISTINCT FROM compared.expected
  GROUP BY config.project_id, config.version
  ORDER BY 1, 2`;
