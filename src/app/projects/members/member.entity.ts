import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn } from 'typeorm';
import type { ProjectRole } from '../../../payments/domain/project-access.js';
import { ProjectEntity } from '../project.entity.js';

/** Who has which role in a project, beside its creator, who is its owner and has no row here. */
@Entity('project_members')
@Check('project_members_role_check', "role IN ('viewer', 'admin', 'owner')")
@Index('project_members_subject_idx', ['subject', 'project_created_at', 'project_id'])
export class ProjectMemberEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'project_members_pkey' })
  project_id!: string;

  /** The `sub` of their tokens. */
  @PrimaryColumn('varchar', { length: 255, collation: 'C', primaryKeyConstraintName: 'project_members_pkey' })
  subject!: string;

  @Column('text')
  role!: ProjectRole;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  added_at!: Date;

  /** As the project has it, for lists by it. */
  @Column({ type: 'timestamptz', precision: 3 })
  project_created_at!: Date;

  @ManyToOne(() => ProjectEntity)
  @JoinColumn({ name: 'project_id', foreignKeyConstraintName: 'project_members_project_id_fkey' })
  project?: ProjectEntity;
}
