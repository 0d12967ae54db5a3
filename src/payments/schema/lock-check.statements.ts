import { boolean, statement, text } from '../database/statement.js';

/** Locks the row of a lock so that others may do the same, as an event that is stored locks its configuration. */
export const SHARE_LOCK = statement({
  name: 'stripe_config_locks_share',
  parameters: { project_id: text, name: text },
  columns: { is_taken: boolean },
  text: `
  SELECT true AS is_taken FROM {schema}.stripe_config_locks WHERE project_id = :project_id AND name = :name
  FOR KEY SHARE`,
});

/** Locks it against everybody, as an erasure does; returns no row where somebody else has. */
export const TAKE_WHOLE_LOCK = statement({
  name: 'stripe_config_locks_take_whole',
  parameters: { project_id: text, name: text },
  columns: { is_taken: boolean },
  text: `
  SELECT true AS is_taken FROM {schema}.stripe_config_locks WHERE project_id = :project_id AND name = :name
  FOR UPDATE SKIP LOCKED`,
});

/** The same two as advisory locks. */
export const SHARE_ADVISORY_LOCK = statement({
  name: 'stripe_config_advisory_lock_share',
  parameters: { name: text },
  columns: { is_taken: boolean },
  text: 'SELECT pg_try_advisory_xact_lock_shared(hashtextextended(:name, 0)) AS is_taken',
});
export const TAKE_ADVISORY_LOCK = statement({
  name: 'stripe_config_advisory_lock_take',
  parameters: { name: text },
  columns: { is_taken: boolean },
  text: 'SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0)) AS is_taken',
});
