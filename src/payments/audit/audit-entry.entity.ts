import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';

/** What happened to a configuration. */
export type AuditAction = 'created' | 'updated' | 'deleted' | 'reactivated';

/**
 * One change of one configuration. Written by a trigger of the database, never changed or removed. Each row carries
 * the hash of the row before it, so that an edited, missing or moved row is found (`npm run audit -- verify`).
 */
@Entity('stripe_config_audit')
export class AuditEntryEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_config_audit_pkey' })
  project_id!: string;

  /** The version that the change made, counted from 1. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'stripe_config_audit_pkey' })
  version!: number;

  @Column('text')
  action!: AuditAction;

  /** The `sub` of whoever made the change. */
  @Column('varchar', { length: 255 })
  actor!: string;

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
