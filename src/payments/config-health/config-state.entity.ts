import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';
import type { WebhookFault } from '../stripe-webhooks/webhook-monitor.statements.js';
import type { Mode } from '../domain/credentials.js';

/** The last results about a mode's credentials. Each version identifies the credentials: those of that version or before. */
@Entity('stripe_config_states')
export class ConfigStateEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_config_states_pkey' })
  project_id!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_config_states_pkey' })
  mode!: Mode;

  /** The configuration's version whose secret key was checked. */
  @Column('integer', { nullable: true })
  key_version!: number | null;

  @Column('text', { nullable: true })
  key_status!: KeyStatus | null;

  /** Since when it is known to be so. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  key_status_since!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  key_checked_at!: Date | null;

  /** `acct_…`; null when the key may not read it. */
  @Column('varchar', { length: 255, nullable: true })
  account_id!: string | null;

  /** The version whose current webhook secret verified an event. */
  @Column('integer', { nullable: true })
  webhook_version!: number | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  webhook_verified_at!: Date | null;

  /** When a replaced webhook secret last verified an event. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  previous_verified_at!: Date | null;

  /** Webhooks that did not verify since one did. */
  @Column('integer', { default: 0 })
  webhook_failures!: number;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  webhook_failed_at!: Date | null;

  /** Why the last one was refused. */
  @Column('text', { nullable: true })
  webhook_failure!: WebhookFault | null;

  /** Test events of connected accounts that came to a live address. */
  @Column('integer', { default: 0 })
  webhook_ignored!: number;
}

/** What Stripe answers about a stored key: see `KeyCheckResult`. */
export type KeyStatus = 'works' | 'restricted' | 'rejected' | 'other_mode';

/** How often Stripe was asked about a project's keys within the last minute. */
@Entity('stripe_call_limits')
export class CallLimitEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_call_limits_pkey' })
  project_id!: string;

  @Column('timestamptz', { array: true })
  calls!: Date[];
}
