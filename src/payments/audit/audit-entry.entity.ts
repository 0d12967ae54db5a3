import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';

/** What happened to a configuration. */
export type AuditAction = 'created' | 'updated' | 'deleted' | 'reactivated';

/**
 * One change of one configuration. Written by the statement that makes the change, never removed, and never changed but to erase
 * who made it. Each row carries the hash of the row before it, so that an edited, missing or moved row is found
 * (`npm run audit -- verify`).
 */
@Entity('stripe_config_audit')
@Index('stripe_config_audit_actor_idx', ['actor'], { where: 'actor IS NOT NULL' })
export class AuditEntryEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_config_audit_pkey' })
  project_id!: string;

  /** The version that the change made, counted from 1. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'stripe_config_audit_pkey' })
  version!: number;

  @Column('text')
  action!: AuditAction;

  /** The `sub` of whoever made the change; null once who that was has been erased. */
  @Column('varchar', { length: 255, nullable: true })
  actor!: string | null;

  /** Erased together with the actor. */
  @Column('uuid', { nullable: true })
  actor_salt!: string | null;

  /** SHA-256 of salt and actor, which stays. */
  @Column('bytea')
  actor_digest!: Buffer;

  @Column('uuid')
  request_id!: string;

  @Column({ type: 'timestamptz', precision: 3 })
  changed_at!: Date;

  /** The credentials that were written or erased. */
  @Column('text', { array: true })
  fields!: string[];

  /** Of these fields. */
  @Column('jsonb')
  masks_before!: Record<string, string | null>;

  @Column('jsonb')
  masks_after!: Record<string, string | null>;

  @Column('jsonb')
  fingerprints_after!: Record<string, string | null>;

  /** SHA-256 of the row before; empty for the first. */
  @Column('bytea')
  previous_hash!: Buffer;

  /** SHA-256 of this row, `previous_hash` included. */
  @Column('bytea')
  hash!: Buffer;
}
