import { bigint, nullable, statement, text, varchar } from '../database/statement.js';

/** How many configurations there are. */
export const COUNT_CONFIGS = statement({
  name: 'stripe_configs_count',
  parameters: {},
  columns: { count: bigint },
  text: 'SELECT count(*) AS count FROM {schema}.stripe_configs',
});

/**
 * Where the range of so many configurations behind a project ends. Behind the last one there may be rows of the trail and events
 * that have none.
 */
export const FIND_RANGE_END = statement({
  name: 'stripe_configs_find_range_end',
  parameters: { after: text, size: bigint },
  columns: { upto: nullable(varchar) },
  text: `
  SELECT upto FROM (SELECT coalesce(
    (SELECT project_id FROM {schema}.stripe_configs WHERE project_id > :after ORDER BY project_id OFFSET :size::bigint - 1 LIMIT 1),
    greatest(
      (SELECT max(project_id) FROM {schema}.stripe_configs),
      (SELECT max(project_id) FROM {schema}.stripe_config_audit),
      (SELECT max(project_id) FROM {schema}.stripe_events)
    )
  ) AS upto) AS range WHERE upto > :after`,
});
