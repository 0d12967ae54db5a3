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
  ALLOWED,
  AUDITED,
  CHANGED,
  ENOUGH,
  ENTRY,
  lockedProjects,
  NOTED,
} from '../access-trail/access-trail.statements.js';

const VIEW = {
  id: uuid,
  name: varchar,
  role: word<ProjectRole>(),
  made_by: nullable(varchar),
  made_at: time,
  expires_at: time,
  last_used_at: nullable(time),
};

const AS_VIEW = `id, name, role, made_by, extract(epoch FROM made_at) * 1000 AS made_at,
  extract(epoch FROM expires_at) * 1000 AS expires_at, extract(epoch FROM last_used_at) * 1000 AS last_used_at`;

/**
 * Makes a token in an active project, unless it has too many that work. Without one there is a row without its times. No row: there
 * is no such project. See {@link lockedProjects} for `is_current`.
 */
export const MAKE_TOKEN = statement({
  name: 'service_tokens_make',
  parameters: {
    ...{ project_id: uuid, token_id: uuid, token_hash: text, token_name: varchar, role: text, days: integer },
    ...{ max: integer, ...CHANGED, ...ENOUGH },
  },
  columns: { is_current: boolean, is_allowed: boolean, made_at: nullable(time), expires_at: nullable(time) },
  text: `
  WITH ${lockedProjects('id = :project_id::uuid AND is_active')}, found AS (
    SELECT project.*, ${ACTOR_ROLE}, (
      SELECT count(*) FROM {schema}.service_tokens
      WHERE project_id = project.id AND revoked_at IS NULL AND expires_at > now()
    ) AS tokens
    FROM project
  ), change AS (
    SELECT id AS project_id, access_version, access_hash, 'token_made' AS action, NULL::varchar AS subject,
      NULL::text AS role_before, :role::text AS role_after, :token_id::uuid AS token_id, :token_name::varchar AS token_name,
      :token_hash::text AS token_hash, (now() + make_interval(days => :days::integer))::timestamptz(3) AS token_expires_at
    FROM found WHERE is_current AND ${ALLOWED} AND tokens < :max::integer
  ), ${ENTRY}, made AS (
    INSERT INTO {schema}.service_tokens (id, project_id, token_hash, name, role, made_by, expires_at)
    SELECT token_id, project_id, token_hash, token_name, role_after, :actor::varchar, token_expires_at
    FROM change
    RETURNING made_at, expires_at
  ), ${NOTED}, ${AUDITED}
  SELECT is_current, ${ALLOWED} AS is_allowed, extract(epoch FROM made.made_at) * 1000 AS made_at, extract(epoch FROM made.expires_at) * 1000 AS expires_at
  FROM found LEFT JOIN made ON true`,
});

/** Revokes a token of a project, active or not. Revoked already: nothing changes. No row: there is no such token. */
export const REVOKE_TOKEN = statement({
  name: 'service_tokens_revoke',
  parameters: { project_id: uuid, token_id: uuid, ...CHANGED, ...ENOUGH },
  columns: { is_current: boolean, is_allowed: boolean },
  text: `
  WITH ${lockedProjects('id = :project_id::uuid')}, found AS (
    SELECT project.*, ${ACTOR_ROLE}, token.id AS token_id, token.name AS token_name, token.role, token.revoked_at
    FROM project JOIN {schema}.service_tokens AS token ON token.id = :token_id::uuid AND token.project_id = project.id
  ), change AS (
    SELECT id AS project_id, access_version, access_hash, 'token_revoked' AS action, NULL::varchar AS subject,
      role AS role_before, NULL::text AS role_after, token_id, token_name,
      NULL::text AS token_hash, NULL::timestamptz AS token_expires_at
    FROM found WHERE is_current AND ${ALLOWED} AND revoked_at IS NULL
  ), ${ENTRY}, revoked AS (
    UPDATE {schema}.service_tokens AS token SET revoked_at = now() FROM change WHERE token.id = change.token_id
  ), ${NOTED}, ${AUDITED}
  SELECT is_current, ${ALLOWED} AS is_allowed FROM found`,
});

/** A page of the tokens of a project that are not revoked, oldest first. */
export const LIST_TOKENS = statement({
  name: 'service_tokens_list',
  parameters: { project_id: uuid, after_made_at: timestamp, after_id: uuid, size: bigint },
  columns: VIEW,
  text: `
  SELECT ${AS_VIEW} FROM {schema}.service_tokens
  WHERE project_id = :project_id AND revoked_at IS NULL
    AND (service_tokens.made_at, id) > (:after_made_at::timestamptz, :after_id::uuid)
  ORDER BY service_tokens.made_at, id LIMIT :size`,
});

/** Tokens by their hashes. */
export const FIND_TOKENS = statement({
  name: 'service_tokens_find',
  parameters: { hashes: listOf(text) },
  columns: { id: uuid, project_id: uuid, token_hash: text, expires_at: time, is_revoked: boolean },
  text: `
  SELECT id, project_id, token_hash, extract(epoch FROM expires_at) * 1000 AS expires_at, revoked_at IS NOT NULL AS is_revoked
  FROM {schema}.service_tokens WHERE token_hash = ANY (:hashes)`,
});

/** What tokens may in active projects, by what they were given and by what their makers may now. The lists go together, place by place. */
export const FIND_TOKEN_ROLES = statement({
  name: 'service_tokens_find_roles',
  parameters: { ids: listOf(uuid), token_ids: listOf(uuid) },
  columns: {
    id: uuid,
    token_id: uuid,
    token_role: nullable(word<ProjectRole>()),
    maker_role: nullable(word<ProjectRole>()),
  },
  text: `
  SELECT project.id, asked.token_id, token.role AS token_role,
    CASE WHEN project.owner_id = token.made_by THEN 'owner' ELSE member.role END AS maker_role
  FROM unnest(:ids::uuid[], :token_ids::uuid[]) AS asked (id, token_id)
  JOIN {schema}.projects AS project ON project.id = asked.id AND project.is_active
  LEFT JOIN {schema}.service_tokens AS token ON token.id = asked.token_id AND token.project_id = asked.id
    AND token.revoked_at IS NULL AND token.expires_at > now()
  LEFT JOIN {schema}.project_members AS member ON member.project_id = asked.id AND member.subject = token.made_by`,
});

/** The project of a token. */
export const FIND_TOKEN_PROJECT = statement({
  name: 'service_tokens_find_project',
  parameters: { token_id: uuid },
  columns: { id: uuid, name: varchar, description: nullable(varchar), is_active: boolean, created_at: time },
  text: `
  SELECT project.id, project.name, project.description, project.is_active,
    extract(epoch FROM project.created_at) * 1000 AS created_at
  FROM {schema}.service_tokens AS token JOIN {schema}.projects AS project ON project.id = token.project_id
  WHERE token.id = :token_id`,
});

/** What tokens are called, and who made them. */
export const FIND_TOKEN_NAMES = statement({
  name: 'service_tokens_find_names',
  parameters: { ids: listOf(uuid) },
  columns: { id: uuid, name: varchar, made_by: nullable(varchar) },
  text: 'SELECT id, name, made_by FROM {schema}.service_tokens WHERE id = ANY (:ids)',
});

/** Notes that a token was used, unless another replica did within the minute. */
export const NOTE_USE = statement({
  name: 'service_tokens_note_use',
  parameters: { id: uuid },
  columns: {},
  text: `
  UPDATE {schema}.service_tokens SET last_used_at = now()
  WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`,
});

/** Some tokens that somebody has made, revoked or not. */
export const FIND_TOKENS_OF = statement({
  name: 'service_tokens_find_of_maker',
  parameters: { made_by: text, batch: bigint },
  columns: { id: uuid, project_id: uuid },
  text: 'SELECT id, project_id FROM {schema}.service_tokens WHERE made_by = :made_by LIMIT :batch',
});

/** Erases who made a token. */
export const ERASE_MAKER = statement({
  name: 'service_tokens_erase_maker',
  parameters: { id: uuid },
  columns: {},
  text: 'UPDATE {schema}.service_tokens SET made_by = NULL WHERE id = :id',
});
