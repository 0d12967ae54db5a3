import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import { ProjectEntity } from '../projects/project.entity.js';

/** What a token for programs may in one of its projects. Of the token there is nothing but its hash. */
@Entity('service_tokens')
@Check('service_tokens_role_check', "role IN ('viewer', 'admin', 'owner')")
@Index('service_tokens_token_hash_idx', ['token_hash', 'project_id'], { unique: true })
@Index('service_tokens_project_idx', ['project_id', 'made_at', 'id'])
@Index('service_tokens_made_by_idx', ['made_by', 'made_at', 'id'], {
  where: 'made_by IS NOT NULL',
})
export class ServiceTokenEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'service_tokens_pkey' })
  id!: string;

  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'service_tokens_pkey' })
  project_id!: string;

  /** SHA-256 in hexadecimal. */
  @Column({ type: 'text', collation: 'C' })
  token_hash!: string;

  @Column('varchar', { length: 100 })
  name!: string;

  @Column('text')
  role!: ProjectRole;

  /** Null once who that was has been erased; the token ends with it. */
  @Column({ type: 'varchar', length: 255, collation: 'C', nullable: true })
  made_by!: string | null;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  made_at!: Date;

  @Column({ type: 'timestamptz', precision: 3 })
  expires_at!: Date;

  /** At most a minute old. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  last_used_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  revoked_at!: Date | null;

  @ManyToOne(() => ProjectEntity)
  @JoinColumn({ name: 'project_id', foreignKeyConstraintName: 'service_tokens_project_id_fkey' })
  project?: ProjectEntity;
}
