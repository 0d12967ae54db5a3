import { statement } from '../database/statement.js';

/** Fails where a table is missing or may not be read; reads no row of any. */
export const LOOK_AT_TABLES = statement({
  name: 'stripe_config_tables_look',
  parameters: {},
  columns: {},
  text: `
  SELECT FROM (
  SELECT 1 AS one FROM {schema}.stripe_configs
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_config_audit
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_config_keys
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_config_replicas
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_config_states
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_call_limits
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_events
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_webhook_endpoints
  UNION ALL SELECT 1 AS one FROM {schema}.stripe_config_locks
  ) AS seen LIMIT 0`,
});
