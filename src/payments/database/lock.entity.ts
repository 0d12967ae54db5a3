import { Entity, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from './project-id-column.js';

/** Something of a project that is locked by this row, see `lock.ts`. */
@Entity('stripe_config_locks')
export class LockEntity {
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_config_locks_pkey' })
  project_id!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_config_locks_pkey' })
  name!: string;
}
