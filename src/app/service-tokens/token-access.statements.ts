import {
  boolean,
  json,
  listOf,
  nullable,
  statement,
  text,
  time,
  uuid,
  varchar,
  word,
} from '../../payments/database/statement.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';

/** Tokens by their hashes. One is revoked when no project is left to it. */
export const FIND_TOKENS = statement({
  name: 'service_tokens_find',
  parameters: { hashes: listOf(text) },
  columns: {
    id: uuid,
    project_ids: json<string[]>(),
    token_hash: text,
    expires_at: time,
    is_revoked: boolean,
  },
  text: `
  SELECT id, jsonb_agg(project_id) AS project_ids, token_hash, extract(epoch FROM min(expires_at)) * 1000 AS expires_at,
    bool_and(revoked_at IS NOT NULL) AS is_revoked
  FROM {schema}.service_tokens WHERE token_hash = ANY (:hashes) GROUP BY id, token_hash`,
});

/**
 * What tokens may in active projects, by what they were given and by what their makers may now. The lists go together, place by place.
 * They stand in subqueries as those of FIND_ROLES, so that it is planned once.
 */
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
  FROM unnest((SELECT :ids::uuid[]), (SELECT :token_ids::uuid[])) AS asked (id, token_id)
  JOIN {schema}.projects AS project ON project.id = asked.id AND project.is_active
  LEFT JOIN {schema}.service_tokens AS token ON token.id = asked.token_id AND token.project_id = asked.id
    AND token.revoked_at IS NULL AND token.expires_at > now()
  LEFT JOIN {schema}.project_members AS member ON member.project_id = asked.id AND member.subject = token.made_by`,
});

/** The active projects in which a token and its maker have a role, oldest first. */
export const FIND_TOKEN_PROJECTS = statement({
  name: 'service_tokens_find_projects',
  parameters: { token_id: uuid },
  columns: {
    ...{ id: uuid, name: varchar, description: nullable(varchar), is_active: boolean, created_at: time },
    ...{ token_role: word<ProjectRole>(), maker_role: word<ProjectRole>() },
  },
  text: `
  SELECT id, name, description, is_active, extract(epoch FROM created_at) * 1000 AS created_at, token_role, maker_role
  FROM (
    SELECT project.*, token.role AS token_role,
      CASE WHEN project.owner_id = token.made_by THEN 'owner' ELSE member.role END AS maker_role
    FROM {schema}.service_tokens AS token
    JOIN {schema}.projects AS project ON project.id = token.project_id AND project.is_active
    LEFT JOIN {schema}.project_members AS member ON member.project_id = token.project_id AND member.subject = token.made_by
    WHERE token.id = :token_id AND token.revoked_at IS NULL AND token.expires_at > now()
  ) AS project
  WHERE maker_role IS NOT NULL ORDER BY project.created_at, id`,
});

/** What tokens are called, and who made them. */
export const FIND_TOKEN_NAMES = statement({
  name: 'service_tokens_find_names',
  parameters: { ids: listOf(uuid) },
  columns: { id: uuid, name: varchar, made_by: nullable(varchar) },
  text: 'SELECT DISTINCT id, name, made_by FROM {schema}.service_tokens WHERE id = ANY (:ids)',
});

/**
 * Notes that a token was used, unless another replica did within the minute. It waits for no lock, since others lock the rows of a
 * token in another order.
 */
export const NOTE_USE = statement({
  name: 'service_tokens_note_use',
  parameters: { id: uuid },
  columns: {},
  text: `
  UPDATE {schema}.service_tokens AS token SET last_used_at = now()
  FROM (
    SELECT id, project_id FROM {schema}.service_tokens
    WHERE id = :id AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
    FOR NO KEY UPDATE SKIP LOCKED
  ) AS used
  WHERE token.id = used.id AND token.project_id = used.project_id`,
});
