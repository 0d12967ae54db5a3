import type { MigrationInterface, QueryRunner } from 'typeorm';
import { query } from '../../database/schema-name.js';

/** The table of configurations: one row a project, sealed values only. */
export class CreateStripeConfigs1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // The checks make the database itself refuse a plaintext, or a value without its mask.
    await query(
      queryRunner,
      `
      CREATE TABLE stripe_configs (
        id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT stripe_configs_pkey PRIMARY KEY,
        project_id uuid NOT NULL CONSTRAINT stripe_configs_project_id_key UNIQUE,
        is_active boolean NOT NULL DEFAULT true,
        test_secret_key_sealed text,
        test_secret_key_masked text,
        test_secret_key_fingerprint text,
        test_publishable_key_sealed text,
        test_publishable_key_masked text,
        test_publishable_key_fingerprint text,
        test_webhook_secret_sealed text,
        test_webhook_secret_masked text,
        test_webhook_secret_fingerprint text,
        live_secret_key_sealed text,
        live_secret_key_masked text,
        live_secret_key_fingerprint text,
        live_publishable_key_sealed text,
        live_publishable_key_masked text,
        live_publishable_key_fingerprint text,
        live_webhook_secret_sealed text,
        live_webhook_secret_masked text,
        live_webhook_secret_fingerprint text,
        test_configured_at timestamptz(3),
        live_configured_at timestamptz(3),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        updated_at timestamptz(3) NOT NULL DEFAULT now(),
        CONSTRAINT stripe_configs_test_secret_key_check CHECK (
          num_nonnulls(test_secret_key_sealed, test_secret_key_masked, test_secret_key_fingerprint) IN (0, 3)
          AND test_secret_key_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
          AND test_secret_key_masked ~ '^(sk|rk|rkcs)_test_[.]{3}[!-~]{4}$'
        ),
        CONSTRAINT stripe_configs_test_publishable_key_check CHECK (
          num_nonnulls(test_publishable_key_sealed, test_publishable_key_masked, test_publishable_key_fingerprint) IN (0, 3)
          AND test_publishable_key_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
          AND test_publishable_key_masked ~ '^pk_test_[.]{3}[!-~]{4}$'
        ),
        CONSTRAINT stripe_configs_test_webhook_secret_check CHECK (
          num_nonnulls(test_webhook_secret_sealed, test_webhook_secret_masked, test_webhook_secret_fingerprint) IN (0, 3)
          AND test_webhook_secret_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
          AND test_webhook_secret_masked ~ '^whsec_[.]{3}[!-~]{4}$'
        ),
        CONSTRAINT stripe_configs_live_secret_key_check CHECK (
          num_nonnulls(live_secret_key_sealed, live_secret_key_masked, live_secret_key_fingerprint) IN (0, 3)
          AND live_secret_key_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
          AND live_secret_key_masked ~ '^(sk|rk)_live_[.]{3}[!-~]{4}$'
        ),
        CONSTRAINT stripe_configs_live_publishable_key_check CHECK (
          num_nonnulls(live_publishable_key_sealed, live_publishable_key_masked, live_publishable_key_fingerprint) IN (0, 3)
          AND live_publishable_key_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
          AND live_publishable_key_masked ~ '^pk_live_[.]{3}[!-~]{4}$'
        ),
        CONSTRAINT stripe_configs_live_webhook_secret_check CHECK (
          num_nonnulls(live_webhook_secret_sealed, live_webhook_secret_masked, live_webhook_secret_fingerprint) IN (0, 3)
          AND live_webhook_secret_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
          AND live_webhook_secret_masked ~ '^whsec_[.]{3}[!-~]{4}$'
        ),
        CONSTRAINT stripe_configs_erased_when_inactive_check CHECK (
          is_active OR num_nonnulls(
            test_secret_key_sealed, test_publishable_key_sealed, test_webhook_secret_sealed,
            live_secret_key_sealed, live_publishable_key_sealed, live_webhook_secret_sealed,
            test_configured_at, live_configured_at
          ) = 0
        )
      )
    `,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, 'DROP TABLE stripe_configs');
  }
}
