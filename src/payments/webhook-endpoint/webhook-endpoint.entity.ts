import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Mode } from '../domain/credentials.js';

/** What is asked of Stripe for an endpoint. */
export interface WantedEndpoint {
  url: string;
  eventTypes: string[];
}

/** The webhook endpoint in Stripe that this service made, or took over, for a project and mode. */
@Entity('stripe_webhook_endpoints')
export class WebhookEndpointEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'stripe_webhook_endpoints_pkey' })
  project_id!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_webhook_endpoints_pkey' })
  mode!: Mode;

  /** `we_…`; null while the first is being made. */
  @Column('varchar', { length: 255, nullable: true })
  endpoint_id!: string | null;

  /** What was asked for last. */
  @Column('jsonb')
  wanted!: WantedEndpoint;

  /** The version of the configuration in which the endpoint's secret was stored. */
  @Column('integer', { nullable: true })
  secret_version!: number | null;

  /** Set while the outcome of making one is not known: Stripe repeats its answer, the secret included, to the same key. */
  @Column('uuid', { nullable: true })
  idempotency_key!: string | null;

  /** Null for one that was made by hand and taken over: that is never removed. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  made_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  removed_at!: Date | null;

  /** When the configuration was deleted and Stripe did not remove the endpoint. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  removal_failed_at!: Date | null;
}
