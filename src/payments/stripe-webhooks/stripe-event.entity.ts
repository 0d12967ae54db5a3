import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { EVENT_STATUSES, type EventStatus } from './event-status.js';

/** An event that Stripe sent, stored once however often it arrived. */
@Entity('stripe_events')
@Index('stripe_events_received_idx', ['project_id', 'received_at', 'mode', 'event_id'])
@Index('stripe_events_pending_idx', ['project_id', 'available_at'], { where: "status = 'pending'" })
@Index('stripe_events_due_idx', ['available_at'], { where: "status = 'pending' AND attempts >= 0" })
@Index('stripe_events_finished_idx', ['finished_at'], { where: "status IN ('handled', 'skipped')" })
@Index('stripe_events_failed_idx', ['project_id'], { where: "status = 'failed'" })
@Check('stripe_events_payload_sealed_check', `payload_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'`)
@Check('stripe_events_erased_check', "payload_sealed IS NOT NULL OR status IN ('handled', 'skipped')")
@Check('stripe_events_mode_check', `mode IN (${MODES.map((mode) => `'${mode}'`).join(', ')})`)
@Check(
  'stripe_events_status_check',
  `status IN (${EVENT_STATUSES.map((status) => `'${status}'`).join(', ')})`,
)
export class StripeEventEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_events_pkey' })
  project_id!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_events_pkey' })
  mode!: Mode;

  /** `evt_…` */
  @PrimaryColumn('varchar', { length: 255, primaryKeyConstraintName: 'stripe_events_pkey' })
  event_id!: string;

  @Column('varchar', { length: 255 })
  type!: string;

  /** The object that it is about; one event at a time is handled for each. Null when it is about none. */
  @Column('varchar', { length: 255, nullable: true })
  object_id!: string | null;

  /** When Stripe created it; to the second, so it gives no order. */
  @Column({ type: 'timestamptz', precision: 3 })
  created_at!: Date;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  received_at!: Date;

  /** The body as received, sealed; null once it was erased. */
  @Column('text', { nullable: true })
  payload_sealed!: string | null;

  @Column('text', { default: 'pending' })
  status!: EventStatus;

  /** How often a worker has claimed it; also the token that shows a worker that its claim still holds. */
  @Column('integer', { default: 0 })
  attempts!: number;

  /** When a pending event may be claimed: now, after a failure's pause, or when a worker's lease expires. */
  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  available_at!: Date;

  /** When it was handled, skipped or given up. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  finished_at!: Date | null;

  /** Which handler failed, and the class of its error; never a message. */
  @Column('varchar', { length: 255, nullable: true })
  last_error!: string | null;

  /** The span that received it, as `traceparent` of the W3C; null where nobody traces. */
  @Column('varchar', { length: 55, nullable: true })
  trace_parent!: string | null;
}

/** What may be shown of an event without opening it. */
export type StripeEventView = Omit<StripeEventEntity, 'payload_sealed' | 'available_at' | 'trace_parent'> & {
  /** When it will be tried again; null unless it is pending. */
  next_attempt_at: Date | null;
};
