import { boolean, statement, text } from './statement.js';

/** Makes the row of a lock, unless it is there. */
export const MAKE_LOCK = statement({
  name: 'stripe_config_locks_make',
  parameters: { project_id: text, name: text },
  columns: {},
  text: `
  INSERT INTO {schema}.stripe_config_locks (project_id, name) VALUES (:project_id::text, :name) ON CONFLICT DO NOTHING`,
});

/** Locks it for the transaction; returns no row where another one has. */
export const TAKE_LOCK = statement({
  name: 'stripe_config_locks_take',
  parameters: { project_id: text, name: text },
  columns: { is_taken: boolean },
  text: `
  SELECT true AS is_taken FROM {schema}.stripe_config_locks WHERE project_id = :project_id AND name = :name
  FOR NO KEY UPDATE SKIP LOCKED`,
});
