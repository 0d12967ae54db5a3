import {
  bigint,
  integer,
  listOf,
  nullable,
  statement,
  text,
  time,
  uuid,
  varchar,
  word,
} from '../../payments/database/statement.js';
import { digestOf, personDigestOf } from '../../payments/database/hash-chain.js';
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

/**
 * What the actor of a change may in `project`, which is locked: two who take each other's roles at once must not both succeed. For
 * {@link ALLOWED}.
 */
export const ACTOR_ROLE = `CASE WHEN project.owner_id = :actor::varchar THEN 'owner' ELSE (
      SELECT role FROM {schema}.project_members WHERE project_id = project.id AND subject = :actor::varchar
    ) END AS actor_role`;

/** The parameter of {@link ALLOWED}: one of these roles is enough; null: it is not asked for, as where a person is erased. */
export const ENOUGH = { enough: nullable(listOf(text)) };

/** Whether the actor of a row of `found` may make the change. */
export const ALLOWED = '(:enough::text[] IS NULL OR coalesce(actor_role = ANY (:enough::text[]), false))';

/** The parameters of {@link ENTRY}. */
export const CHANGED = { actor: varchar, request_id: uuid };

/** The hash of a row with a name. */
export const HASH = (entry: string): string =>
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
    `${entry}.token_hash`,
    `extract(epoch FROM ${entry}.token_expires_at)`,
    `encode(${entry}.previous_hash, 'hex')`,
  ]);

/**
 * The rows of the trail for `change`, which has a row for each project with its `access_version` and `access_hash`, `action`,
 * `subject`, `role_before`, `role_after`, `token_id`, `token_name`, `token_hash` and `token_expires_at`.
 */
export const ENTRY = `
  entry AS (
    SELECT entry.*, ${HASH('entry')} AS hash
    FROM (
      SELECT project_id, access_version + 1 AS version, action, :actor::varchar AS actor, actor_salt,
        ${personDigestOf('actor_salt', ':actor::varchar')} AS actor_digest, :request_id::uuid AS request_id,
        now()::timestamptz(3) AS changed_at, subject, CASE WHEN subject IS NOT NULL THEN subject_salt END AS subject_salt,
        CASE WHEN subject IS NOT NULL THEN ${personDigestOf('subject_salt', 'subject')} END AS subject_digest,
        role_before, role_after, token_id, token_name, token_hash, token_expires_at, access_hash AS previous_hash
      FROM (SELECT *, gen_random_uuid() AS actor_salt, gen_random_uuid() AS subject_salt FROM change) AS change
    ) AS entry
  )`;

/** Writes the rows of `entry`. */
export const AUDITED = `
  audited AS (
    INSERT INTO {schema}.project_access_audit (
      project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, subject, subject_salt,
      subject_digest, role_before, role_after, token_id, token_name, token_hash, token_expires_at, previous_hash, hash
    )
    SELECT project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, subject, subject_salt,
      subject_digest, role_before, role_after, token_id, token_name, token_hash, token_expires_at, previous_hash, hash
    FROM entry
  )`;

/** Chains the projects of `entry` to it. */
export const NOTED = `
  noted AS (
    UPDATE {schema}.projects AS project SET access_version = entry.version, access_hash = entry.hash
    FROM entry WHERE project.id = entry.project_id
  )`;

/**
 * What the first row of a project's trail follows, and the hash of a project without rows: it binds who created the project, who is
 * its owner for good and has no row of their own.
 *
 * @param project a row of `projects`, or what stands for one
 */
export function firstHashOf(project: { id: string; ownerId: string; createdAt: string }): string {
  return digestOf([project.id, project.ownerId, `extract(epoch FROM ${project.createdAt})`]);
}

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
