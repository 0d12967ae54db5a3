import { boolean, integer, nullable, statement, text, uuid, varchar } from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';

/** The keys that clients and web pages use. */
export type UsableField = `${Mode}_${'secret' | 'publishable'}_key`;

/**
 * A sealed key with all that decides whether it may be used, read at once so that nothing changes in between. Gives no row when
 * the project never had a configuration.
 */
export const FIND_KEY = statement({
  name: 'stripe_configs_find_key',
  parameters: { project_id: text, field: text },
  columns: { id: uuid, project_id: varchar, version: integer, is_active: boolean, sealed: nullable(text) },
  text: `
  SELECT id, project_id, version, is_active, sealed ->> :field::text AS sealed
  FROM {schema}.stripe_configs WHERE project_id = :project_id`,
});
