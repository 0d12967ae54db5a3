import type { MigrationInterface, QueryRunner } from 'typeorm';
import { query } from '../../database/schema-name.js';

/** The keys that seal this database, each with a canary, and which replica holds which ring. */
export class TrackKeys1764000003000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await query(
      queryRunner,
      `
      CREATE TABLE stripe_config_keys (
        key_id text NOT NULL CONSTRAINT stripe_config_keys_pkey PRIMARY KEY,
        canary text NOT NULL CONSTRAINT stripe_config_keys_canary_check CHECK (canary ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'),
        first_seen_at timestamptz(3) NOT NULL DEFAULT now(),
        activated_at timestamptz(3)
      )
    `,
    );
    await query(
      queryRunner,
      `
      CREATE TABLE stripe_config_replicas (
        replica_id uuid NOT NULL CONSTRAINT stripe_config_replicas_pkey PRIMARY KEY,
        ring_fingerprint text NOT NULL,
        active_key_id text NOT NULL,
        seen_at timestamptz(3) NOT NULL DEFAULT now()
      )
    `,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, 'DROP TABLE stripe_config_replicas');
    await query(queryRunner, 'DROP TABLE stripe_config_keys');
  }
}
