import type { MigrationInterface, QueryRunner } from 'typeorm';
import { query } from '../../database/schema-name.js';
import { pinSearchPath } from './1764000007000-pin-settings.js';

/** Projects that were removed for good, and why webhooks were refused or not handed on. */
export class CloseProjects1764000008000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await query(
      queryRunner,
      `CREATE TABLE stripe_removed_projects (
        project_id uuid NOT NULL CONSTRAINT stripe_removed_projects_pkey PRIMARY KEY,
        removed_at timestamptz(3) NOT NULL DEFAULT now()
      )`,
    );
    await query(queryRunner, STAYS_REMOVED);
    await query(
      queryRunner,
      `CREATE TRIGGER stripe_configs_stay_removed BEFORE INSERT OR UPDATE ON stripe_configs
        FOR EACH ROW WHEN (NEW.is_active) EXECUTE FUNCTION stripe_config_stays_removed()`,
    );
    await pinSearchPath(queryRunner);
    await query(
      queryRunner,
      `ALTER TABLE stripe_config_states
        ADD COLUMN webhook_failure text,
        ADD COLUMN webhook_ignored integer NOT NULL DEFAULT 0`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(
      queryRunner,
      'ALTER TABLE stripe_config_states DROP COLUMN webhook_failure, DROP COLUMN webhook_ignored',
    );
    await query(queryRunner, 'DROP FUNCTION stripe_config_stays_removed() CASCADE');
    await query(queryRunner, 'DROP TABLE stripe_removed_projects');
  }
}

/**
 * Writes nothing where a project was removed. A trigger sees what was committed while the statement waited for a lock,
 * which the statement itself does not. The lock is the one that a removal waits for: a first row that is not committed
 * has no other. Changes of a row have its own, and one statement may change more rows than there are advisory locks.
 */
const STAYS_REMOVED = `
  CREATE FUNCTION stripe_config_stays_removed() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP = 'INSERT' THEN
      PERFORM pg_advisory_xact_lock_shared(hashtextextended('stripe-config-removal:' || NEW.project_id, 0));
    END IF;
    IF EXISTS (SELECT FROM stripe_removed_projects WHERE project_id = NEW.project_id) THEN
      RETURN NULL;
    END IF;
    RETURN NEW;
  END $$
`;
