import {
  bigint,
  boolean,
  integer,
  listOf,
  nullable,
  statement,
  text,
  time,
  timestamp,
  uuid,
  varchar,
  word,
} from '../../payments/database/statement.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import {
  ACTOR_ROLE,
  AUDITED,
  CHANGED,
  ENTRY,
  firstHashOf,
  lockedProjects,
} from '../access-trail/access-trail.statements.js';

const VIEW = {
  id: uuid,
  name: varchar,
  description: nullable(varchar),
  is_active: boolean,
  created_at: time,
  role: word<ProjectRole>(),
};

/** A row of a list, whose columns are null where the page has no project. */
const LISTED = {
  total: integer,
  id: nullable(uuid),
  name: nullable(varchar),
  description: nullable(varchar),
  is_active: nullable(boolean),
  created_at: nullable(time),
  role: nullable(word<ProjectRole>()),
};

/** Who created which active projects. */
export const FIND_OWNERS = statement({
  name: 'projects_find_owners',
  parameters: { ids: listOf(uuid) },
  columns: { id: uuid, owner_id: varchar },
  text: 'SELECT id, owner_id FROM {schema}.projects WHERE id = ANY (:ids) AND is_active',
});

const OWNED = `
    SELECT id, name, description, is_active, created_at, 'owner' AS role FROM {schema}.projects
    WHERE owner_id = :subject AND (created_at, id) > (:after_created_at::timestamptz, :after_id::uuid)
    ORDER BY created_at, id LIMIT :size`;

/**
 * A page of the projects that somebody has created, after a time and an id, and how many there are in all. Without a project there is
 * still one row, with the number alone.
 */
export const LIST_OWNED = statement({
  name: 'projects_list_owned',
  parameters: { subject: text, after_created_at: timestamp, after_id: uuid, size: bigint },
  columns: LISTED,
  text: `
  SELECT owned.total, page.id, page.name, page.description, page.is_active,
    extract(epoch FROM page.created_at) * 1000 AS created_at, page.role
  FROM (SELECT count(*)::integer AS total FROM {schema}.projects WHERE owner_id = :subject) AS owned
  LEFT JOIN (${OWNED}
  ) AS page ON true
  ORDER BY page.created_at, page.id`,
});

/** As {@link LIST_OWNED}, with those in which somebody is a member: a page of each, merged. */
export const LIST = statement({
  name: 'projects_list',
  parameters: { subject: text, after_created_at: timestamp, after_id: uuid, size: bigint },
  columns: LISTED,
  text: `
  SELECT counted.total, page.id, page.name, page.description, page.is_active,
    extract(epoch FROM page.created_at) * 1000 AS created_at, page.role
  FROM (
    SELECT (SELECT count(*) FROM {schema}.projects WHERE owner_id = :subject)::integer
      + (SELECT count(*) FROM {schema}.project_members WHERE subject = :subject)::integer AS total
  ) AS counted
  LEFT JOIN (
    SELECT * FROM (
      SELECT * FROM (${OWNED}
      ) AS owned
      UNION ALL
      SELECT project.id, project.name, project.description, project.is_active, project.created_at, member.role
      FROM (
        SELECT project_id, role FROM {schema}.project_members
        WHERE subject = :subject AND (project_created_at, project_id) > (:after_created_at::timestamptz, :after_id::uuid)
        ORDER BY project_created_at, project_id LIMIT :size
      ) AS member
      CROSS JOIN LATERAL (SELECT * FROM {schema}.projects WHERE id = member.project_id) AS project
    ) AS either
    ORDER BY created_at, id LIMIT :size
  ) AS page ON true
  ORDER BY page.created_at, page.id`,
});

/**
 * Creates a project unless its owner has reached the limit: then there is no row. The owner's row is locked until the project
 * exists, so that concurrent requests cannot exceed the limit.
 */
export const CREATE = statement({
  name: 'projects_create',
  parameters: { owner_id: varchar, name: varchar, description: nullable(varchar), max: integer },
  columns: VIEW,
  text: `
  WITH counted AS (
    INSERT INTO {schema}.project_owners AS owner (owner_id, created) VALUES (:owner_id::varchar, 1)
    ON CONFLICT (owner_id) DO UPDATE SET created = owner.created + 1 WHERE owner.created < :max::integer
    RETURNING 1
  )
  INSERT INTO {schema}.projects (id, owner_id, name, description, created_at, access_hash)
  SELECT id, owner_id, :name::varchar, :description::varchar, created_at,
    ${firstHashOf({ id: 'id', ownerId: 'owner_id', createdAt: 'created_at' })}
  FROM (SELECT gen_random_uuid() AS id, :owner_id::varchar AS owner_id, now()::timestamptz(3) AS created_at FROM counted) AS project
  RETURNING id, name, description, is_active, extract(epoch FROM created_at) * 1000 AS created_at, 'owner' AS role`,
});

const ROLE = `CASE WHEN project.owner_id = :subject::varchar THEN 'owner' ELSE member.role END`;

/** A project, active or not, of somebody who has a role in it. */
export const FIND = statement({
  name: 'projects_find',
  parameters: { id: uuid, subject: varchar },
  columns: VIEW,
  text: `
  SELECT project.id, project.name, project.description, project.is_active,
    extract(epoch FROM project.created_at) * 1000 AS created_at, ${ROLE} AS role
  FROM {schema}.projects AS project
  LEFT JOIN {schema}.project_members AS member ON member.project_id = project.id AND member.subject = :subject::varchar
  WHERE project.id = :id::uuid AND ${ROLE} IS NOT NULL`,
});

/**
 * Deactivates a project of which somebody is an owner, and ends the roles of all who are not. No row: there is no such project.
 * See {@link lockedProjects} for `is_current`.
 */
export const DEACTIVATE = statement({
  name: 'projects_deactivate',
  parameters: { id: uuid, ...CHANGED },
  columns: { is_current: boolean, role: nullable(word<ProjectRole>()) },
  text: `
  WITH ${lockedProjects('id = :id::uuid')}, found AS (
    SELECT project.*, ${ACTOR_ROLE} FROM project
  ), change AS (
    SELECT id AS project_id, access_version, access_hash, 'project_deleted' AS action, NULL::varchar AS subject,
      NULL::text AS role_before, NULL::text AS role_after, NULL::uuid AS token_id, NULL::varchar AS token_name,
      NULL::text AS token_hash, NULL::timestamptz AS token_expires_at
    FROM found WHERE is_current AND is_active AND actor_role = 'owner'
  ), ${ENTRY}, deactivated AS (
    UPDATE {schema}.projects AS project SET is_active = false, access_version = entry.version, access_hash = entry.hash
    FROM entry WHERE project.id = entry.project_id
  ), ended AS (
    DELETE FROM {schema}.project_members AS member USING change
    WHERE member.project_id = change.project_id AND member.role <> 'owner'
  ), ${AUDITED}
  SELECT is_current, actor_role AS role FROM found`,
});
