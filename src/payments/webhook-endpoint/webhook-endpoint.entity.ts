import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';
import type { Mode } from '../domain/credentials.js';

/** What Stripe is asked for. */
export interface WantedEndpoint {
  url: string;
  eventTypes: string[];
}

/** The webhook endpoint in Stripe that this service created, or adopted, for a project and mode. */
@Entity('stripe_webhook_endpoints')
export class WebhookEndpointEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_webhook_endpoints_pkey' })
  project_id!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_webhook_endpoints_pkey' })
  mode!: Mode;

  /** `we_…`; null while the first is being created. */
  @Column('varchar', { length: 255, nullable: true })
  endpoint_id!: string | null;

  /** What was last requested. */
  @Column('jsonb')
  wanted!: WantedEndpoint;

  /** The version of the configuration in which the endpoint's secret was stored. */
  @Column('integer', { nullable: true })
  secret_version!: number | null;

  /** Set while the outcome of a creation is unknown: Stripe repeats its answer, the secret included, for the same key. */
  @Column('uuid', { nullable: true })
  idempotency_key!: string | null;

  /** Null for one that was created by hand and adopted: that is never removed. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  made_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  removed_at!: Date | null;

  /** When the configuration was deleted and Stripe did not remove the endpoint. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  removal_failed_at!: Date | null;
}
