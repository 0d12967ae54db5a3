import {
  bigint,
  integer,
  listOf,
  nullable,
  statement,
  text,
  uuid,
} from '../../payments/database/statement.js';

/**
 * The ends of the next chains of access behind a project: the hash of the row of the project's version, null where the trail lacks it.
 * A project whose access was never changed has the version 0, and the hash that binds who created it.
 */
export const LIST_ACCESS_CHAINS = statement({
  name: 'project_access_list_chains',
  parameters: { after: uuid, size: bigint },
  columns: { project_id: uuid, version: integer, hash: nullable(text) },
  text: `
  SELECT id AS project_id, access_version AS version, encode(
      CASE WHEN access_version = 0 THEN access_hash ELSE (
        SELECT hash FROM {schema}.project_access_audit WHERE project_id = project.id AND version = project.access_version
      ) END, 'hex'
    ) AS hash
  FROM {schema}.projects AS project WHERE id > :after
  ORDER BY id LIMIT :size`,
});

/** How many chains of access there are: one of each project. */
export const COUNT_ACCESS_CHAINS = statement({
  name: 'project_access_count_chains',
  parameters: {},
  columns: { count: bigint },
  text: 'SELECT count(*) AS count FROM {schema}.projects',
});

/** Of some chains of access: the hash of a version, null where there is none, and the newest version. */
export const COMPARE_ACCESS_CHAINS = statement({
  name: 'project_access_compare_chains',
  parameters: { project_ids: listOf(uuid), versions: listOf(integer) },
  columns: { project_id: uuid, hash: nullable(text), newest_version: nullable(integer) },
  text: `
  SELECT wanted.project_id,
    encode(CASE WHEN wanted.version > 0 THEN entry.hash ELSE coalesce(first.previous_hash, project.access_hash) END, 'hex') AS hash,
    (SELECT version FROM {schema}.project_access_audit WHERE project_id = wanted.project_id ORDER BY version DESC LIMIT 1)
      AS newest_version
  FROM unnest(:project_ids::uuid[], :versions::integer[]) AS wanted(project_id, version)
  LEFT JOIN {schema}.projects AS project ON project.id = wanted.project_id
  LEFT JOIN {schema}.project_access_audit AS entry ON entry.project_id = wanted.project_id AND entry.version = wanted.version
  LEFT JOIN {schema}.project_access_audit AS first ON first.project_id = wanted.project_id AND first.version = 1`,
});
