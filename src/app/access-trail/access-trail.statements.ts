import {
  bigint,
  boolean,
  integer,
  nullable,
  statement,
  time,
  uuid,
  varchar,
  word,
} from '../../payments/database/statement.js';
import {
  checkedChain,
  digestOf,
  FAULTS_OF_CHAIN,
  personDigestOf,
  type ChainFaultKind,
} from '../../payments/database/hash-chain.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';

/** What happened to who may what in a project. */
export const ACCESS_ACTIONS = [
  'member_added',
  'member_changed',
  'member_removed',
  'token_made',
  'token_revoked',
  'project_deleted',
] as const;

export type AccessAction = (typeof ACCESS_ACTIONS)[number];

/**
 * The projects of a change, locked, with what they were when the statement began: `is_current` says whether that is still so, and a
 * statement whose projects are not current must be run again, since it has not seen the members as they are. Every change of
 * access moves `access_version` of its projects, under this lock.
 *
 * @param condition which projects
 */
export function lockedProjects(condition: string): string {
  return `
  seen AS MATERIALIZED (
    SELECT id, access_version FROM {schema}.projects WHERE ${condition}
  ), locked AS MATERIALIZED (
    SELECT id, owner_id, is_active, created_at, access_version, access_hash FROM {schema}.projects
    WHERE ${condition} ORDER BY id FOR NO KEY UPDATE
  ), project AS (
    SELECT locked.*, locked.access_version = seen.access_version AS is_current FROM locked JOIN seen ON seen.id = locked.id
  )`;
}

/** The parameters of {@link ENTRY}. */
export const CHANGED = { actor: varchar, request_id: uuid };

const HASH = (entry: string): string =>
  digestOf([
    `${entry}.project_id`,
    `${entry}.version`,
    `${entry}.action`,
    `encode(${entry}.actor_digest, 'hex')`,
    `${entry}.request_id`,
    `extract(epoch FROM ${entry}.changed_at)`,
    `encode(${entry}.subject_digest, 'hex')`,
    `${entry}.role_before`,
    `${entry}.role_after`,
    `${entry}.token_id`,
    `${entry}.token_name`,
    `encode(${entry}.previous_hash, 'hex')`,
  ]);

/**
 * The rows of the trail for `change`, which has a row for each project with its `access_version` and `access_hash`, `action`,
 * `subject`, `role_before`, `role_after`, `token_id` and `token_name`.
 */
export const ENTRY = `
  entry AS (
    SELECT entry.*, ${HASH('entry')} AS hash
    FROM (
      SELECT project_id, access_version + 1 AS version, action, :actor::varchar AS actor, actor_salt,
        ${personDigestOf('actor_salt', ':actor::varchar')} AS actor_digest, :request_id::uuid AS request_id,
        now()::timestamptz(3) AS changed_at, subject, CASE WHEN subject IS NOT NULL THEN subject_salt END AS subject_salt,
        CASE WHEN subject IS NOT NULL THEN ${personDigestOf('subject_salt', 'subject')} END AS subject_digest,
        role_before, role_after, token_id, token_name, access_hash AS previous_hash
      FROM (SELECT *, gen_random_uuid() AS actor_salt, gen_random_uuid() AS subject_salt FROM change) AS change
    ) AS entry
  )`;

/** Writes the rows of `entry`. */
export const AUDITED = `
  audited AS (
    INSERT INTO {schema}.project_access_audit (
      project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, subject, subject_salt,
      subject_digest, role_before, role_after, token_id, token_name, previous_hash, hash
    )
    SELECT project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, subject, subject_salt,
      subject_digest, role_before, role_after, token_id, token_name, previous_hash, hash
    FROM entry
  )`;

/** Chains the projects of `entry` to it. */
export const NOTED = `
  noted AS (
    UPDATE {schema}.projects AS project SET access_version = entry.version, access_hash = entry.hash
    FROM entry WHERE project.id = entry.project_id
  )`;

/** The changes of access to a project below a version, newest first. */
export const ACCESS_HISTORY = statement({
  name: 'project_access_history',
  parameters: { project_id: uuid, below: integer, size: bigint },
  columns: {
    version: integer,
    action: word<AccessAction>(),
    actor: nullable(varchar),
    request_id: uuid,
    changed_at: time,
    subject: nullable(varchar),
    role_before: nullable(word<ProjectRole>()),
    role_after: nullable(word<ProjectRole>()),
    token_id: nullable(uuid),
    token_name: nullable(varchar),
  },
  text: `
  SELECT version, action, actor, request_id, extract(epoch FROM changed_at) * 1000 AS changed_at, subject, role_before, role_after,
    token_id, token_name
  FROM {schema}.project_access_audit WHERE project_id = :project_id AND version < :below ORDER BY version DESC LIMIT :size`,
});

/**
 * Places where the trail of access to some projects is not what was written: see `FIND_AUDIT_FAULTS`. The last row must be of the
 * version that the project names and have the hash that it names, and each member the role of the newest row of that member.
 */
export const FIND_ACCESS_FAULTS = statement({
  name: 'project_access_find_faults',
  parameters: { after: uuid, upto: uuid },
  columns: {
    project_id: uuid,
    version: integer,
    fault: word<ChainFaultKind | 'role unknown to the trail'>(),
  },
  text: `
  WITH ${checkedChain({ table: 'project_access_audit', hash: HASH('entry'), people: ['actor', 'subject'] })}
  ${FAULTS_OF_CHAIN}
  UNION ALL
  SELECT coalesce(project.id, last.project_id), coalesce(project.access_version, last.version),
    CASE WHEN project.access_version = last.version THEN 'chain broken' ELSE 'missing or moved' END
  FROM (
    SELECT id, access_version, access_hash FROM {schema}.projects WHERE id > :after AND id <= :upto
  ) AS project
  FULL JOIN (SELECT DISTINCT ON (project_id) project_id, version, hash FROM trail ORDER BY project_id, version DESC) AS last
    ON last.project_id = project.id
  WHERE coalesce(project.access_version, 0) <> coalesce(last.version, 0)
    OR project.access_hash <> coalesce(last.hash, '')
  UNION ALL
  SELECT member.project_id, coalesce(newest.version, 0), 'role unknown to the trail'
  FROM {schema}.project_members AS member
  LEFT JOIN (
    SELECT DISTINCT ON (project_id, subject) project_id, subject, version, role_after FROM {schema}.project_access_audit
    WHERE project_id > :after AND project_id <= :upto AND subject IS NOT NULL
    ORDER BY project_id, subject, version DESC
  ) AS newest ON newest.project_id = member.project_id AND newest.subject = member.subject
  WHERE member.project_id > :after AND member.project_id <= :upto AND newest.role_after IS DISTINCT FROM member.role
  ORDER BY 1, 2`,
});

/** Whether there are tables of the service: a database of an application with the payments module has none. */
export const FIND_ACCESS_TABLES = statement({
  name: 'project_access_tables_find',
  parameters: {},
  columns: { found: boolean },
  text: `SELECT to_regclass('{schema}.project_access_audit') IS NOT NULL AS found`,
});

/** Where the range of so many projects behind one ends; null: there is none behind it. */
export const FIND_PROJECT_RANGE = statement({
  name: 'projects_find_range_end',
  parameters: { after: uuid, size: bigint },
  columns: { upto: nullable(uuid) },
  text: `
  SELECT (array_agg(id ORDER BY id DESC))[1] AS upto
  FROM (SELECT id FROM {schema}.projects WHERE id > :after ORDER BY id LIMIT :size) AS project`,
});

/** Erases who a person was from the trail, where they made the change and where it is theirs. */
export const ERASE_PERSON = statement({
  name: 'project_access_erase_person',
  parameters: { person: varchar },
  columns: {},
  text: `
  UPDATE {schema}.project_access_audit SET
    actor = CASE WHEN actor <> :person::varchar THEN actor END,
    actor_salt = CASE WHEN actor <> :person::varchar THEN actor_salt END,
    subject = CASE WHEN subject <> :person::varchar THEN subject END,
    subject_salt = CASE WHEN subject <> :person::varchar THEN subject_salt END
  WHERE actor = :person::varchar OR subject = :person::varchar`,
});
