import { Column, Entity, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';

/** A project that was removed for good: nothing is stored for it again, and none of its events is handled. */
@Entity('stripe_removed_projects')
export class RemovedProjectEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_removed_projects_pkey' })
  project_id!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  removed_at!: Date;
}
