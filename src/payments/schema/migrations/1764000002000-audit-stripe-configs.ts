import type { MigrationInterface, QueryRunner } from 'typeorm';
import { query } from '../../database/schema-name.js';

/**
 * Versions, and an audit trail that triggers write: what a configuration shows cannot change without its row in the
 * trail, whoever changes it, in the same transaction. The configuration's own row lock orders its trail.
 */
export class AuditStripeConfigs1764000002000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await query(
      queryRunner,
      `
      CREATE TABLE stripe_config_audit (
        project_id uuid NOT NULL,
        version integer NOT NULL,
        action text NOT NULL,
        actor varchar(255) NOT NULL,
        request_id uuid NOT NULL,
        changed_at timestamptz(3) NOT NULL,
        fields text[] NOT NULL,
        masks_before jsonb NOT NULL,
        masks_after jsonb NOT NULL,
        fingerprints_after jsonb NOT NULL,
        previous_hash bytea NOT NULL,
        hash bytea NOT NULL,
        CONSTRAINT stripe_config_audit_pkey PRIMARY KEY (project_id, version)
      )
    `,
    );
    // Configurations from before this migration have version 0; their trail begins with their next change.
    await query(
      queryRunner,
      `
      ALTER TABLE stripe_configs
        ADD COLUMN version integer NOT NULL DEFAULT 0,
        ADD COLUMN changed_by varchar(255) NOT NULL DEFAULT '',
        ADD COLUMN change_request_id uuid NOT NULL DEFAULT gen_random_uuid()
    `,
    );
    for (const statement of [HASH, auditFunction(AUDITED_FIELDS), REFUSE])
      await query(queryRunner, statement);
    for (const statement of TRIGGERS) await query(queryRunner, statement);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, 'DROP TABLE stripe_config_audit CASCADE');
    await query(queryRunner, 'DROP FUNCTION stripe_configs_audit() CASCADE');
    await query(queryRunner, 'DROP FUNCTION stripe_config_refuse() CASCADE');
    await query(
      queryRunner,
      'ALTER TABLE stripe_configs DROP COLUMN version, DROP COLUMN changed_by, DROP COLUMN change_request_id',
    );
  }
}

/** The hash of a row: of everything in it but itself, the hash of the row before included. */
const HASH = `
  CREATE FUNCTION stripe_config_audit_hash(entry stripe_config_audit) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(convert_to(jsonb_build_array(
      entry.project_id, entry.version, entry.action, entry.actor, entry.request_id,
      extract(epoch FROM entry.changed_at), entry.fields, entry.masks_before, entry.masks_after,
      entry.fingerprints_after, encode(entry.previous_hash, 'hex')
    )::text, 'UTF8'))
  $$
`;

/** The credentials of a configuration. */
export const AUDITED_FIELDS = [
  'test_secret_key',
  'test_publishable_key',
  'test_webhook_secret',
  'live_secret_key',
  'live_publishable_key',
  'live_webhook_secret',
];

/**
 * The trigger's function, which writes the row of a change. The row before it was committed before the configuration's
 * lock was given.
 */
export function auditFunction(fields: readonly string[]): string {
  return `
  CREATE OR REPLACE FUNCTION stripe_configs_audit() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    entry stripe_config_audit;
    before jsonb := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE to_jsonb(OLD) END;
    after jsonb := to_jsonb(NEW);
    field text;
  BEGIN
    IF NEW.version <> coalesce((before ->> 'version')::integer, 0) + 1 THEN
      RAISE EXCEPTION 'a change moves the version by one' USING ERRCODE = '23514';
    END IF;
    entry.project_id := NEW.project_id;
    entry.version := NEW.version;
    entry.action := CASE
      WHEN TG_OP = 'INSERT' THEN 'created'
      WHEN NOT NEW.is_active THEN 'deleted'
      WHEN NOT OLD.is_active THEN 'reactivated'
      ELSE 'updated'
    END;
    entry.actor := NEW.changed_by;
    entry.request_id := NEW.change_request_id;
    entry.changed_at := NEW.updated_at;
    entry.fields := '{}';
    entry.masks_before := '{}';
    entry.masks_after := '{}';
    entry.fingerprints_after := '{}';
    FOREACH field IN ARRAY ARRAY[${fields.map((field) => `'${field}'`).join(', ')}] LOOP
      IF coalesce(before ->> (field || '_sealed'), '') <> coalesce(after ->> (field || '_sealed'), '') THEN
        entry.fields := entry.fields || field;
        entry.masks_before := entry.masks_before || jsonb_build_object(field, before -> (field || '_masked'));
        entry.masks_after := entry.masks_after || jsonb_build_object(field, after -> (field || '_masked'));
        entry.fingerprints_after :=
          entry.fingerprints_after || jsonb_build_object(field, after -> (field || '_fingerprint'));
      END IF;
    END LOOP;
    entry.previous_hash := coalesce(
      (SELECT hash FROM stripe_config_audit WHERE project_id = NEW.project_id AND version = NEW.version - 1),
      ''
    );
    entry.hash := stripe_config_audit_hash(entry);
    INSERT INTO stripe_config_audit SELECT entry.*;
    RETURN NULL;
  END $$
`;
}

const REFUSE = `
  CREATE FUNCTION stripe_config_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = '42501';
  END $$
`;

const TRIGGERS = [
  `CREATE TRIGGER stripe_configs_audit_insert AFTER INSERT ON stripe_configs
    FOR EACH ROW EXECUTE FUNCTION stripe_configs_audit()`,
  `CREATE TRIGGER stripe_configs_audit_update AFTER UPDATE ON stripe_configs
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION stripe_configs_audit()`,
  // Without a new version the same secret may be sealed anew, and nothing else.
  `CREATE TRIGGER stripe_configs_unaudited BEFORE UPDATE ON stripe_configs
    FOR EACH ROW WHEN (
      OLD.version = NEW.version AND (
        OLD.id, OLD.project_id, OLD.is_active, OLD.created_at, OLD.updated_at, OLD.changed_by, OLD.change_request_id,
        OLD.test_configured_at, OLD.live_configured_at,
        OLD.test_secret_key_masked, OLD.test_publishable_key_masked, OLD.test_webhook_secret_masked, OLD.live_secret_key_masked, OLD.live_publishable_key_masked, OLD.live_webhook_secret_masked
      ) IS DISTINCT FROM (
        NEW.id, NEW.project_id, NEW.is_active, NEW.created_at, NEW.updated_at, NEW.changed_by, NEW.change_request_id,
        NEW.test_configured_at, NEW.live_configured_at,
        NEW.test_secret_key_masked, NEW.test_publishable_key_masked, NEW.test_webhook_secret_masked, NEW.live_secret_key_masked, NEW.live_publishable_key_masked, NEW.live_webhook_secret_masked
      )
    ) EXECUTE FUNCTION stripe_config_refuse('a change of a configuration moves its version')`,
  `CREATE TRIGGER stripe_configs_keep BEFORE DELETE OR TRUNCATE ON stripe_configs
    FOR EACH STATEMENT EXECUTE FUNCTION stripe_config_refuse('a configuration is deactivated, never removed')`,
  `CREATE TRIGGER stripe_config_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON stripe_config_audit
    FOR EACH STATEMENT EXECUTE FUNCTION stripe_config_refuse('the audit trail is append-only')`,
];
