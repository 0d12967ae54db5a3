import { bigint, boolean, integer, statement, uuid, word } from '../../payments/database/statement.js';
import { checkedChain, FAULTS_OF_CHAIN, type ChainFaultKind } from '../../payments/database/hash-chain.js';
import { firstHashOf, HASH } from './access-trail.statements.js';

const FIRST_HASH = firstHashOf({
  id: 'project.id',
  ownerId: 'project.owner_id',
  createdAt: 'project.created_at',
});

/** What is wrong with the trail of access, or with what it should know. */
export type AccessFaultKind =
  | ChainFaultKind
  | 'owner unknown to the trail'
  | 'role unknown to the trail'
  | 'role lost'
  | 'token unknown to the trail'
  | 'token lost'
  | 'deletion unknown to the trail';

/** The rows of the range that a statement verifies. */
const IN_RANGE = 'project_id > :after AND project_id <= :upto';

/**
 * Places where the trail of access to some projects is not what was written: see `FIND_AUDIT_FAULTS`. The first row must follow who
 * created the project, and the last one be of the version that the project names and have its hash. Members, service tokens and
 * whether a project was deleted must be what the newest rows about them say, and whom these name must be there. A deletion ends the
 * roles of all who are no owners.
 */
export const FIND_ACCESS_FAULTS = statement({
  name: 'project_access_find_faults',
  parameters: { after: uuid, upto: uuid },
  columns: { project_id: uuid, version: integer, fault: word<AccessFaultKind>() },
  text: `
  WITH ${checkedChain({
    table: 'project_access_audit',
    hash: HASH('entry'),
    people: ['actor', 'subject'],
    // Compared with the project below.
    first: 'entry.previous_hash',
  })}, deleted AS (
    SELECT project_id, max(version) AS version FROM {schema}.project_access_audit
    WHERE ${IN_RANGE} AND action = 'project_deleted' GROUP BY project_id
  ), known_role AS (
    SELECT DISTINCT ON (project_id, subject) project_id, subject, version, role_after FROM {schema}.project_access_audit
    WHERE ${IN_RANGE} AND subject IS NOT NULL
    ORDER BY project_id, subject, version DESC
  ), known_token AS (
    SELECT made.*, EXISTS (
      SELECT FROM {schema}.project_access_audit AS revoked
      WHERE revoked.project_id = made.project_id AND revoked.action = 'token_revoked' AND revoked.token_id = made.token_id
    ) AS is_revoked
    FROM {schema}.project_access_audit AS made WHERE ${IN_RANGE} AND action = 'token_made'
  )
  ${FAULTS_OF_CHAIN}
  UNION ALL
  SELECT coalesce(project.id, last.project_id), coalesce(project.access_version, last.version),
    CASE WHEN project.access_version = last.version THEN 'chain broken' ELSE 'missing or moved' END
  FROM (
    SELECT id, access_version, access_hash FROM {schema}.projects WHERE id > :after AND id <= :upto
  ) AS project
  FULL JOIN (SELECT DISTINCT ON (project_id) project_id, version, hash FROM trail ORDER BY project_id, version DESC) AS last
    ON last.project_id = project.id
  WHERE coalesce(project.access_version, 0) <> coalesce(last.version, 0) OR project.access_hash <> last.hash
  UNION ALL
  SELECT project.id, 0, 'owner unknown to the trail' FROM {schema}.projects AS project
  LEFT JOIN {schema}.project_access_audit AS entry ON entry.project_id = project.id AND entry.version = 1
  WHERE id > :after AND id <= :upto
    AND ${FIRST_HASH} <> CASE WHEN access_version = 0 THEN access_hash ELSE previous_hash END
  UNION ALL
  SELECT project.id, coalesce(deleted.version, 0), 'deletion unknown to the trail' FROM {schema}.projects AS project
  LEFT JOIN deleted ON deleted.project_id = project.id
  WHERE id > :after AND id <= :upto AND is_active = (deleted.project_id IS NOT NULL)
  UNION ALL
  SELECT coalesce(member.project_id, known.project_id), coalesce(known.version, 0),
    CASE WHEN member.project_id IS NULL THEN 'role lost' ELSE 'role unknown to the trail' END
  FROM (SELECT project_id, subject, role FROM {schema}.project_members WHERE ${IN_RANGE}) AS member
  FULL JOIN (
    SELECT known_role.project_id, subject, known_role.version,
      CASE WHEN deleted.version > known_role.version AND role_after <> 'owner' THEN NULL ELSE role_after END AS role
    FROM known_role LEFT JOIN deleted ON deleted.project_id = known_role.project_id
  ) AS known ON known.project_id = member.project_id AND known.subject = member.subject
  WHERE known.role IS DISTINCT FROM member.role
  UNION ALL
  SELECT coalesce(token.project_id, known.project_id), coalesce(known.version, 0),
    CASE WHEN token.id IS NULL THEN 'token lost' ELSE 'token unknown to the trail' END
  FROM (SELECT * FROM {schema}.service_tokens WHERE ${IN_RANGE}) AS token
  FULL JOIN known_token AS known ON known.token_id = token.id AND known.project_id = token.project_id
  WHERE (token.name, token.role, token.token_hash, token.expires_at, token.revoked_at IS NOT NULL)
      IS DISTINCT FROM (known.token_name, known.role_after, known.token_hash, known.token_expires_at, known.is_revoked)
    OR (token.made_by IS NOT NULL AND token.made_by IS DISTINCT FROM known.actor)
  ORDER BY 1, 2`,
});

/** Whether there are tables of the service: a database of an application with the payments module has none. */
export const FIND_ACCESS_TABLES = statement({
  name: 'project_access_tables_find',
  parameters: {},
  columns: { found: boolean },
  text: `SELECT to_regclass('{schema}.project_access_audit') IS NOT NULL AS found`,
});

/** Where the range of so many projects behind one ends. No row: there are fewer. */
export const FIND_PROJECT_RANGE = statement({
  name: 'projects_find_range_end',
  parameters: { after: uuid, skip: bigint },
  columns: { upto: uuid },
  text: 'SELECT id AS upto FROM {schema}.projects WHERE id > :after ORDER BY id OFFSET :skip LIMIT 1',
});
