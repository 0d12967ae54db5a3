import type { MigrationInterface, QueryRunner } from 'typeorm';
import { query } from '../schema.js';

/** Tells every replica which configuration has changed, at the commit of the change. */
export class AnnounceChanges1764000005000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await query(
      queryRunner,
      `
      CREATE FUNCTION stripe_configs_announce() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('stripe_config_changed', NEW.project_id::text);
        RETURN NULL;
      END $$
    `,
    );
    await query(
      queryRunner,
      `
      CREATE TRIGGER stripe_configs_announce AFTER INSERT OR UPDATE ON stripe_configs
        FOR EACH ROW EXECUTE FUNCTION stripe_configs_announce()
    `,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, 'DROP FUNCTION stripe_configs_announce() CASCADE');
  }
}
