import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** How many projects an owner has created, deleted ones included, for the limit of each owner. */
@Entity('project_owners')
export class ProjectOwnerEntity {
  /** The `sub` of the owner's tokens. */
  @PrimaryColumn('varchar', { length: 255, primaryKeyConstraintName: 'project_owners_pkey' })
  owner_id!: string;

  @Column('integer')
  created!: number;
}

/** A project of the standalone service. Properties have the names of their columns. */
@Entity('projects')
@Index('projects_owner_id_created_at_idx', ['owner_id', 'created_at', 'id'])
export class ProjectEntity {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'projects_pkey' })
  id!: string;

  /** The `sub` of its owner's tokens. */
  @Column('varchar', { length: 255 })
  owner_id!: string;

  @Column('varchar', { length: 255 })
  name!: string;

  @Column('varchar', { length: 1000, nullable: true })
  description!: string | null;

  @Column('boolean', { default: true })
  is_active!: boolean;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  created_at!: Date;

  /** The version of the last row of its trail of access; 0: there is none. */
  @Column('integer', { default: 0 })
  access_version!: number;

  /** The hash of that row, to which the next one is chained. */
  @Column('bytea', { default: String.raw`\x` })
  access_hash!: Buffer;
}
