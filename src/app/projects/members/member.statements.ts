import {
  bigint,
  boolean,
  integer,
  listOf,
  nullable,
  statement,
  text,
  time,
  uuid,
  varchar,
  word,
} from '../../../payments/database/statement.js';
import type { ProjectRole } from '../../../payments/domain/project-access.js';
import {
  ACTOR_ROLE,
  ALLOWED,
  AUDITED,
  CHANGED,
  ENOUGH,
  ENTRY,
  lockedProjects,
  NOTED,
} from '../../access-trail/access-trail.statements.js';

/**
 * The roles of callers in active projects, null where they have none. The two lists go together, place by place. They stand in
 * subqueries, so that PostgreSQL plans it once: seeing how short they are, it would plan it each time, which costs more than the rest.
 */
export const FIND_ROLES = statement({
  name: 'projects_find_roles',
  parameters: { ids: listOf(uuid), subjects: listOf(text) },
  columns: { id: uuid, subject: text, role: nullable(word<ProjectRole>()) },
  text: `
  SELECT project.id, asked.subject, CASE WHEN project.owner_id = asked.subject THEN 'owner' ELSE member.role END AS role
  FROM unnest((SELECT :ids::uuid[]), (SELECT :subjects::text[])) AS asked (id, subject)
  JOIN {schema}.projects AS project ON project.id = asked.id AND project.is_active
  LEFT JOIN {schema}.project_members AS member ON member.project_id = asked.id AND member.subject = asked.subject`,
});

/** A page of the members of a project behind one of them, its creator included, by their subjects. */
export const LIST_MEMBERS = statement({
  name: 'project_members_list',
  parameters: { project_id: uuid, after: text, size: bigint },
  columns: { subject: varchar, role: word<ProjectRole>(), is_creator: boolean, added_at: time },
  text: `
  SELECT subject, role, is_creator, extract(epoch FROM added_at) * 1000 AS added_at
  FROM (
    SELECT owner_id COLLATE "C" AS subject, 'owner' AS role, true AS is_creator, created_at AS added_at
    FROM {schema}.projects WHERE id = :project_id AND owner_id COLLATE "C" > :after
    UNION ALL
    (SELECT subject, role, false, added_at FROM {schema}.project_members
      WHERE project_id = :project_id AND subject > :after ORDER BY subject LIMIT :size)
  ) AS member
  ORDER BY subject LIMIT :size`,
});

/** What a change of a member has met; no row: there is no such project. */
const MET = {
  is_current: boolean,
  is_allowed: boolean,
  is_creator: boolean,
  role_before: nullable(word<ProjectRole>()),
  members: integer,
};

const FOUND = `
  found AS (
    SELECT project.*, project.owner_id = :subject::varchar AS is_creator, ${ACTOR_ROLE},
      (SELECT role FROM {schema}.project_members WHERE project_id = project.id AND subject = :subject::varchar) AS role_before,
      (SELECT count(*)::integer FROM {schema}.project_members WHERE project_id = project.id) AS members
    FROM project
  )`;

/**
 * Gives somebody a role in an active project, unless they have it, are its creator, or would be one member too many, or who asks may not. See
 * {@link lockedProjects} for `is_current`.
 */
export const SET_MEMBER = statement({
  name: 'project_members_set',
  parameters: { project_id: uuid, subject: varchar, role: text, max: integer, ...CHANGED, ...ENOUGH },
  columns: MET,
  text: `
  WITH ${lockedProjects('id = :project_id::uuid AND is_active')}, ${FOUND}, change AS (
    SELECT id AS project_id, access_version, access_hash,
      CASE WHEN role_before IS NULL THEN 'member_added' ELSE 'member_changed' END AS action, :subject::varchar AS subject,
      role_before, :role::text AS role_after, NULL::uuid AS token_id, NULL::varchar AS token_name,
      NULL::text AS token_hash, NULL::timestamptz AS token_expires_at, created_at
    FROM found
    WHERE is_current AND ${ALLOWED} AND NOT is_creator AND role_before IS DISTINCT FROM :role::text
      AND (role_before IS NOT NULL OR members < :max::integer)
  ), ${ENTRY}, written AS (
    INSERT INTO {schema}.project_members (project_id, subject, role, project_created_at)
    SELECT project_id, subject, role_after, created_at FROM change
    ON CONFLICT (project_id, subject) DO UPDATE SET role = excluded.role
  ), ${NOTED}, ${AUDITED}
  SELECT is_current, ${ALLOWED} AS is_allowed, is_creator, role_before, members FROM found`,
});

/** Takes somebody's role in a project, active or not, unless they are its creator, or who asks may not. */
export const REMOVE_MEMBER = statement({
  name: 'project_members_remove',
  parameters: { project_id: uuid, subject: varchar, ...CHANGED, ...ENOUGH },
  columns: MET,
  text: `
  WITH ${lockedProjects('id = :project_id::uuid')}, ${FOUND}, change AS (
    SELECT id AS project_id, access_version, access_hash, 'member_removed' AS action, :subject::varchar AS subject, role_before,
      NULL::text AS role_after, NULL::uuid AS token_id, NULL::varchar AS token_name,
      NULL::text AS token_hash, NULL::timestamptz AS token_expires_at
    FROM found WHERE is_current AND ${ALLOWED} AND NOT is_creator AND role_before IS NOT NULL
  ), ${ENTRY}, removed AS (
    DELETE FROM {schema}.project_members AS member USING change
    WHERE member.project_id = change.project_id AND member.subject = change.subject
  ), ${NOTED}, ${AUDITED}
  SELECT is_current, ${ALLOWED} AS is_allowed, is_creator, role_before, members FROM found`,
});

/** Some projects in which somebody is a member. */
export const FIND_MEMBERSHIPS = statement({
  name: 'project_members_find_of_subject',
  parameters: { subject: text, batch: bigint },
  columns: { project_id: uuid },
  text: 'SELECT project_id FROM {schema}.project_members WHERE subject = :subject LIMIT :batch',
});
