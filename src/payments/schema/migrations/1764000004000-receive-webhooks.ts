import type { MigrationInterface, QueryRunner } from 'typeorm';
import { query } from '../../database/schema-name.js';
import { AUDITED_FIELDS, auditFunction } from './1764000002000-audit-stripe-configs.js';

/** Webhooks: the events that came, the secret that a new one replaced, and what is known of each mode's credentials. */
export class ReceiveWebhooks1764000004000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const statement of [...PREVIOUS_SECRETS, ...EVENTS, ...STATES]) await query(queryRunner, statement);
    await query(queryRunner, auditFunction([...AUDITED_FIELDS, ...PREVIOUS_FIELDS]));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await query(queryRunner, 'DROP TABLE stripe_call_limits, stripe_webhook_endpoints, stripe_config_states');
    await query(queryRunner, 'DROP TABLE stripe_events');
    await query(queryRunner, 'DROP TRIGGER stripe_configs_unaudited_previous ON stripe_configs');
    await query(queryRunner, auditFunction(AUDITED_FIELDS));
    await query(
      queryRunner,
      'ALTER TABLE stripe_configs DROP CONSTRAINT stripe_configs_erased_when_inactive_check',
    );
    await query(
      queryRunner,
      `
      ALTER TABLE stripe_configs
        ${['test', 'live']
          .flatMap((mode) =>
            ['sealed', 'masked', 'expires_at'].map(
              (part) => `DROP COLUMN ${mode}_previous_webhook_secret_${part}`,
            ),
          )
          .join(', ')},
        ADD ${erasedWhenInactive([])}
    `,
    );
  }
}

function previousColumns(mode: string): string {
  const name = `${mode}_previous_webhook_secret`;
  return `
    ADD COLUMN ${name}_sealed text,
    ADD COLUMN ${name}_masked text,
    ADD COLUMN ${name}_expires_at timestamptz(3),
    ADD CONSTRAINT stripe_configs_${name}_check CHECK (
      num_nonnulls(${name}_sealed, ${name}_masked, ${name}_expires_at) IN (0, 3)
      AND ${name}_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
      AND ${name}_masked ~ '^whsec_[.]{3}[!-~]{4}$'
    )`;
}

function erasedWhenInactive(more: string[]): string {
  const columns = [
    'test_secret_key_sealed',
    'test_publishable_key_sealed',
    'test_webhook_secret_sealed',
    'live_secret_key_sealed',
    'live_publishable_key_sealed',
    'live_webhook_secret_sealed',
    ...more,
    'test_configured_at',
    'live_configured_at',
  ];
  return `CONSTRAINT stripe_configs_erased_when_inactive_check CHECK (is_active OR num_nonnulls(${columns.join(', ')}) = 0)`;
}

const PREVIOUS_SECRETS = [
  'ALTER TABLE stripe_configs DROP CONSTRAINT stripe_configs_erased_when_inactive_check',
  `ALTER TABLE stripe_configs ${previousColumns('test')}, ${previousColumns('live')},
    ADD ${erasedWhenInactive(['test_previous_webhook_secret_sealed', 'live_previous_webhook_secret_sealed'])}`,
  // Without a new version a previous secret may be sealed anew, or erased when its time is over, and nothing else.
  `CREATE TRIGGER stripe_configs_unaudited_previous BEFORE UPDATE ON stripe_configs
    FOR EACH ROW WHEN (
      OLD.version = NEW.version AND (
        (NEW.test_previous_webhook_secret_sealed IS NOT NULL AND
          (OLD.test_previous_webhook_secret_masked, OLD.test_previous_webhook_secret_expires_at) IS DISTINCT FROM
          (NEW.test_previous_webhook_secret_masked, NEW.test_previous_webhook_secret_expires_at))
        OR (NEW.live_previous_webhook_secret_sealed IS NOT NULL AND
          (OLD.live_previous_webhook_secret_masked, OLD.live_previous_webhook_secret_expires_at) IS DISTINCT FROM
          (NEW.live_previous_webhook_secret_masked, NEW.live_previous_webhook_secret_expires_at))
      )
    ) EXECUTE FUNCTION stripe_config_refuse('a change of a configuration moves its version')`,
];

const EVENTS = [
  `
  CREATE TABLE stripe_events (
    project_id uuid NOT NULL,
    mode text NOT NULL,
    event_id varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    object_id varchar(255),
    created_at timestamptz(3) NOT NULL,
    received_at timestamptz(3) NOT NULL DEFAULT now(),
    payload_sealed text NOT NULL CONSTRAINT stripe_events_payload_sealed_check
      CHECK (payload_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'),
    status text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    available_at timestamptz(3) NOT NULL DEFAULT now(),
    finished_at timestamptz(3),
    last_error varchar(255),
    CONSTRAINT stripe_events_pkey PRIMARY KEY (project_id, mode, event_id),
    CONSTRAINT stripe_events_mode_check CHECK (mode IN ('test', 'live')),
    CONSTRAINT stripe_events_status_check CHECK (status IN ('pending', 'handled', 'skipped', 'failed'))
  )`,
  // Sealed bytes cannot be compressed, so PostgreSQL need not try.
  'ALTER TABLE stripe_events ALTER COLUMN payload_sealed SET STORAGE EXTERNAL',
  'CREATE INDEX stripe_events_received_idx ON stripe_events (project_id, received_at, mode, event_id)',
  "CREATE INDEX stripe_events_pending_idx ON stripe_events (available_at) WHERE status = 'pending'",
  "CREATE INDEX stripe_events_failed_idx ON stripe_events (project_id) WHERE status = 'failed'",
];

const STATES = [
  `CREATE TABLE stripe_config_states (
    project_id uuid NOT NULL,
    mode text NOT NULL,
    key_version integer,
    key_status text,
    key_status_since timestamptz(3),
    key_checked_at timestamptz(3),
    account_id varchar(255),
    webhook_version integer,
    webhook_verified_at timestamptz(3),
    previous_verified_at timestamptz(3),
    webhook_failures integer NOT NULL DEFAULT 0,
    webhook_failed_at timestamptz(3),
    CONSTRAINT stripe_config_states_pkey PRIMARY KEY (project_id, mode)
  )`,
  `CREATE TABLE stripe_webhook_endpoints (
    project_id uuid NOT NULL,
    mode text NOT NULL,
    endpoint_id varchar(255),
    wanted jsonb NOT NULL,
    secret_version integer,
    idempotency_key uuid,
    made_at timestamptz(3),
    removed_at timestamptz(3),
    removal_failed_at timestamptz(3),
    CONSTRAINT stripe_webhook_endpoints_pkey PRIMARY KEY (project_id, mode)
  )`,
  `CREATE TABLE stripe_call_limits (
    project_id uuid NOT NULL CONSTRAINT stripe_call_limits_pkey PRIMARY KEY,
    calls timestamptz[] NOT NULL
  )`,
];

const PREVIOUS_FIELDS = ['test_previous_webhook_secret', 'live_previous_webhook_secret'];
