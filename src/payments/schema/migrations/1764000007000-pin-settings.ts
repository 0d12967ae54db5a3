import type { MigrationInterface, QueryRunner } from 'typeorm';
import { FUNCTIONS, query } from '../../database/schema-name.js';

/**
 * Makes functions mean the same whatever search path a connection has, and changes durable whatever is the database's
 * default: what was acknowledged outlives a crash of the server. Replicas get the names of their hosts.
 */
export class PinSettings1764000007000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, DURABLE);
    for (const table of ['stripe_configs', 'stripe_webhook_endpoints'])
      await query(queryRunner, durableTrigger(table, 'INSERT OR UPDATE'));
    await query(queryRunner, durableTrigger('stripe_events', 'INSERT'));
    await query(queryRunner, 'ALTER TABLE stripe_config_replicas ADD COLUMN host_name text');
    await pinSearchPath(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, 'ALTER TABLE stripe_config_replicas DROP COLUMN host_name');
    await query(queryRunner, 'DROP FUNCTION stripe_config_durable() CASCADE');
    for (const { name } of await ourFunctions(queryRunner))
      await queryRunner.query(`ALTER FUNCTION ${name} RESET search_path`);
  }
}

/** Lets functions find tables and operators where they were made. A function that is replaced needs it again. */
export async function pinSearchPath(queryRunner: QueryRunner): Promise<void> {
  for (const { name, schema } of await ourFunctions(queryRunner))
    await queryRunner.query(`ALTER FUNCTION ${name} SET search_path = pg_catalog, ${schema}, pg_temp`);
}

/** Names as statements take them; migrations of other versions may have made fewer. */
function ourFunctions(queryRunner: QueryRunner): Promise<{ name: string; schema: string }[]> {
  return query(
    queryRunner,
    `SELECT format('%I.%I', nspname, proname) AS name, format('%I', nspname) AS schema
      FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = pronamespace
      WHERE pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'stripe_configs'::regclass)
        AND proname = ANY ($1)`,
    [FUNCTIONS],
  );
}

/** Also lets the driver hear the warning that a commit was not replicated, which a higher level would keep from it. */
const DURABLE = `
  CREATE FUNCTION stripe_config_durable() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
      PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF current_setting('client_min_messages') = 'error' THEN
      PERFORM set_config('client_min_messages', 'warning', true);
    END IF;
    RETURN NULL;
  END $$
`;

function durableTrigger(table: string, events: string): string {
  return `CREATE TRIGGER ${table}_durable BEFORE ${events} ON ${table}
    FOR EACH STATEMENT EXECUTE FUNCTION stripe_config_durable()`;
}
