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
} from '../../payments/database/statement.js';

const VIEW = {
  id: uuid,
  name: varchar,
  description: nullable(varchar),
  is_active: boolean,
  created_at: time,
};

export const FIND_OWNERS = statement({
  name: 'projects_find_owners',
  parameters: { ids: listOf(uuid) },
  columns: { id: uuid, owner_id: varchar },
  text: 'SELECT id, owner_id FROM {schema}.projects WHERE id = ANY (:ids) AND is_active',
});

/**
 * A page of an owner's projects, after a time and an id, and how many there are in all. Without a project there is still one
 * row, with the number alone.
 */
export const LIST = statement({
  name: 'projects_list',
  parameters: { owner_id: text, after_created_at: timestamp, after_id: uuid, size: bigint },
  columns: {
    total: integer,
    id: nullable(uuid),
    name: nullable(varchar),
    description: nullable(varchar),
    is_active: nullable(boolean),
    created_at: nullable(time),
  },
  text: `
  SELECT owned.total, page.id, page.name, page.description, page.is_active,
    extract(epoch FROM page.created_at) * 1000 AS created_at
  FROM (SELECT count(*)::integer AS total FROM {schema}.projects WHERE owner_id = :owner_id) AS owned
  LEFT JOIN (
    SELECT id, name, description, is_active, created_at FROM {schema}.projects
    WHERE owner_id = :owner_id AND (created_at, id) > (:after_created_at::timestamptz, :after_id::uuid)
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
  INSERT INTO {schema}.projects (owner_id, name, description)
  SELECT :owner_id::varchar, :name::varchar, :description::varchar FROM counted
  RETURNING id, name, description, is_active, extract(epoch FROM created_at) * 1000 AS created_at`,
});

export const FIND = statement({
  name: 'projects_find',
  parameters: { id: uuid, owner_id: text },
  columns: VIEW,
  text: `
  SELECT id, name, description, is_active, extract(epoch FROM created_at) * 1000 AS created_at
  FROM {schema}.projects WHERE id = :id AND owner_id = :owner_id`,
});

export const DEACTIVATE = statement({
  name: 'projects_deactivate',
  parameters: { id: uuid, owner_id: text },
  columns: VIEW,
  text: `
  UPDATE {schema}.projects SET is_active = false WHERE id = :id AND owner_id = :owner_id
  RETURNING id, name, description, is_active, extract(epoch FROM created_at) * 1000 AS created_at`,
});
