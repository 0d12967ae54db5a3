import {
  bigint,
  boolean,
  integer,
  json,
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
 * Makes a token for different active projects: in all of them or, where the actor may not in one or it has too many tokens that
 * work, in none; then there are rows without a time. No row: there is no such project. See {@link lockedProjects} for `is_current`.
 */
export const MAKE_TOKEN = statement({
  name: 'service_tokens_make',
  parameters: {
    ...{ project_ids: listOf(uuid), token_id: uuid, token_hash: text, token_name: varchar, role: text },
    ...{ expires_at: timestamp, max: integer, ...CHANGED, ...ENOUGH },
  },
  columns: {
    project_id: uuid,
    is_current: boolean,
    actor_role: nullable(word<ProjectRole>()),
    is_allowed: boolean,
    has_room: boolean,
    made_at: nullable(time),
  },
  text: `
  WITH ${lockedProjects('id = ANY (:project_ids::uuid[]) AND is_active')}, found AS (
    SELECT project.*, ${ACTOR_ROLE}, :max::integer > (
      SELECT count(*) FROM {schema}.service_tokens
      WHERE project_id = project.id AND revoked_at IS NULL AND expires_at > now()
    ) AS has_room
    FROM project
  ), change AS (
    SELECT id AS project_id, access_version, access_hash, 'token_made' AS action, NULL::varchar AS subject,
      NULL::text AS role_before, :role::text AS role_after, :token_id::uuid AS token_id, :token_name::varchar AS token_name,
      :token_hash::text AS token_hash, :expires_at::timestamptz(3) AS token_expires_at
    FROM found WHERE (
      SELECT count(*) = cardinality(:project_ids::uuid[]) AND bool_and(is_current AND ${ALLOWED} AND has_room) FROM found
    )
  ), ${ENTRY}, made AS (
    INSERT INTO {schema}.service_tokens (id, project_id, token_hash, name, role, made_by, expires_at)
    SELECT token_id, project_id, token_hash, token_name, role_after, :actor::varchar, token_expires_at
    FROM change
    RETURNING project_id, made_at
  ), ${NOTED}, ${AUDITED}
  SELECT found.id AS project_id, is_current, actor_role, ${ALLOWED} AS is_allowed, has_room,
    extract(epoch FROM made.made_at) * 1000 AS made_at
  FROM found LEFT JOIN made ON made.project_id = found.id`,
});

/**
 * Whether a replica may still remember a token: for 5 seconds after its end was committed, which a statement of up to 3 seconds began.
 * An end is repeated where its answer was lost, and then perhaps nobody was told of it.
 */
const IS_REMEMBERED = "revoked_at > now() - interval '10 seconds'";

/**
 * Takes projects, active or not, from a token. Taken already: nothing changes, and `is_remembered` is false but for a short while.
 * No row: it is a token of none of them.
 */
export const REVOKE_TOKEN = statement({
  name: 'service_tokens_revoke',
  parameters: { project_ids: listOf(uuid), token_id: uuid, ...CHANGED, ...ENOUGH },
  columns: { project_id: uuid, is_current: boolean, is_allowed: boolean, is_remembered: boolean },
  text: `
  WITH ${lockedProjects('id = ANY (:project_ids::uuid[])')}, found AS (
    SELECT project.*, ${ACTOR_ROLE}, token.id AS token_id, token.name AS token_name, token.role, token.revoked_at
    FROM project JOIN {schema}.service_tokens AS token ON token.id = :token_id::uuid AND token.project_id = project.id
  ), change AS (
    SELECT id AS project_id, access_version, access_hash, 'token_revoked' AS action, NULL::varchar AS subject,
      role AS role_before, NULL::text AS role_after, token_id, token_name,
      NULL::text AS token_hash, NULL::timestamptz AS token_expires_at
    FROM found WHERE is_current AND ${ALLOWED} AND revoked_at IS NULL
  ), ${ENTRY}, revoked AS (
    UPDATE {schema}.service_tokens AS token SET revoked_at = now() FROM change
    WHERE token.id = change.token_id AND token.project_id = change.project_id
  ), ${NOTED}, ${AUDITED}
  SELECT id AS project_id, is_current, ${ALLOWED} AS is_allowed, revoked_at IS NULL OR ${IS_REMEMBERED} AS is_remembered
  FROM found`,
});

/** A page of the tokens of a project that were not taken from it, oldest first, and whether they have other projects. */
export const LIST_TOKENS = statement({
  name: 'service_tokens_list',
  parameters: { project_id: uuid, after_made_at: timestamp, after_id: uuid, size: bigint },
  columns: { ...VIEW, is_shared: boolean },
  text: `
  SELECT ${AS_VIEW}, EXISTS (
    SELECT FROM {schema}.service_tokens AS elsewhere
    JOIN {schema}.projects AS project ON project.id = elsewhere.project_id AND project.is_active
    WHERE elsewhere.id = service_tokens.id AND elsewhere.project_id <> service_tokens.project_id AND elsewhere.revoked_at IS NULL
  ) AS is_shared
  FROM {schema}.service_tokens
  WHERE project_id = :project_id AND revoked_at IS NULL
    AND (service_tokens.made_at, id) > (:after_made_at::timestamptz, :after_id::uuid)
  ORDER BY service_tokens.made_at, id LIMIT :size`,
});

/** A page of the tokens of a maker, oldest first, with the active projects that were not taken from them: one at least. */
export const LIST_OWN_TOKENS = statement({
  name: 'service_tokens_list_own',
  parameters: { made_by: text, after_made_at: timestamp, after_id: uuid, size: bigint },
  columns: { ...VIEW, project_ids: json<string[]>() },
  text: `
  SELECT ${AS_VIEW}, project_ids FROM (
    SELECT token.id, token.name, token.role, token.made_by, token.made_at, token.expires_at,
      max(token.last_used_at) AS last_used_at, jsonb_agg(project.id ORDER BY project.id) AS project_ids
    FROM {schema}.service_tokens AS token
    JOIN {schema}.projects AS project ON project.id = token.project_id AND project.is_active
    WHERE token.made_by = :made_by AND token.revoked_at IS NULL
      AND (token.made_at, token.id) > (:after_made_at::timestamptz, :after_id::uuid)
    GROUP BY token.id, token.name, token.role, token.made_by, token.made_at, token.expires_at
  ) AS own
  ORDER BY own.made_at, id LIMIT :size`,
});

/** The projects of a token that somebody has made, also those that were taken from it. */
export const FIND_OWN_TOKEN = statement({
  name: 'service_tokens_find_own',
  parameters: { token_id: uuid, made_by: text },
  columns: { project_id: uuid, is_revoked: boolean, is_remembered: boolean },
  text: `
  SELECT project_id, revoked_at IS NOT NULL AS is_revoked, revoked_at IS NULL OR ${IS_REMEMBERED} AS is_remembered
  FROM {schema}.service_tokens
  WHERE id = :token_id AND made_by = :made_by`,
});

/** Some tokens that somebody has made, revoked or not, in each of their projects. */
export const FIND_TOKENS_OF = statement({
  name: 'service_tokens_find_of_maker',
  parameters: { made_by: text, batch: bigint },
  columns: { id: uuid, project_id: uuid },
  text: 'SELECT id, project_id FROM {schema}.service_tokens WHERE made_by = :made_by LIMIT :batch',
});

/** Erases who made a token, in one of its projects. */
export const ERASE_MAKER = statement({
  name: 'service_tokens_erase_maker',
  parameters: { id: uuid, project_id: uuid },
  columns: {},
  text: 'UPDATE {schema}.service_tokens SET made_by = NULL WHERE id = :id AND project_id = :project_id',
});
