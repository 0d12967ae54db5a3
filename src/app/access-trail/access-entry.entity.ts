import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import type { AccessAction } from './access-trail.statements.js';

/**
 * One change of who may what in a project. Written by the statement that makes the change, never removed, and never changed but to
 * erase who somebody was. Each row carries the hash of the row before it.
 */
@Entity('project_access_audit')
@Index('project_access_audit_actor_idx', ['actor'], { where: 'actor IS NOT NULL' })
@Index('project_access_audit_subject_idx', ['subject'], { where: 'subject IS NOT NULL' })
export class AccessEntryEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'project_access_audit_pkey' })
  project_id!: string;

  /** Counted from 1 in each project. */
  @PrimaryColumn('integer', { primaryKeyConstraintName: 'project_access_audit_pkey' })
  version!: number;

  @Column('text')
  action!: AccessAction;

  /** Who made the change; null once who that was has been erased. */
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

  /** Of a change of members: whose role it is. Erased as the actor is. */
  @Column('varchar', { length: 255, nullable: true })
  subject!: string | null;

  @Column('uuid', { nullable: true })
  subject_salt!: string | null;

  @Column('bytea', { nullable: true })
  subject_digest!: Buffer | null;

  @Column('text', { nullable: true })
  role_before!: ProjectRole | null;

  @Column('text', { nullable: true })
  role_after!: ProjectRole | null;

  /** Of a change of service tokens. */
  @Column('uuid', { nullable: true })
  token_id!: string | null;

  @Column('varchar', { length: 100, nullable: true })
  token_name!: string | null;

  /** Of a token that was made: what is stored of it. */
  @Column('text', { nullable: true })
  token_hash!: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  token_expires_at!: Date | null;

  /** SHA-256 of the row before; empty for the first. */
  @Column('bytea')
  previous_hash!: Buffer;

  /** SHA-256 of this row, `previous_hash` included. */
  @Column('bytea')
  hash!: Buffer;
}
