import { Check, Column, Entity, Generated, Index, PrimaryColumn } from 'typeorm';
import { PROJECT_ID_COLUMN } from '../database/project-id-column.js';
import type { CredentialField, Mode, PreviousField, SealedField } from '../domain/credentials.js';

/** Something of each credential that is stored, by its name. */
export type ByCredential<T, Field extends SealedField = SealedField> = Partial<Record<Field, T>>;

/**
 * The Stripe configuration of one project. A credential is a member of `sealed` (see `crypto/sealer.ts`), of `shown`, which
 * has what may be shown of it, and of `fingerprints`, by which it is compared. The checks stand in the migration.
 */
@Entity('stripe_configs')
@Index('stripe_configs_expiring_idx', { synchronize: false })
@Check('stripe_configs_sealed_check', "jsonb_typeof(sealed) = 'object'")
@Check('stripe_configs_shown_check', "jsonb_typeof(shown) = 'object'")
@Check('stripe_configs_whole_check', 'sealed IS NOT NULL')
@Check('stripe_configs_erased_when_inactive_check', "is_active OR sealed = '{}'")
export class StripeConfigEntity {
  /** In its canonical spelling. */
  @PrimaryColumn({ ...PROJECT_ID_COLUMN, primaryKeyConstraintName: 'stripe_configs_pkey' })
  project_id!: string;

  @Column('uuid')
  @Generated('uuid')
  id!: string;

  @Column('boolean', { default: true })
  is_active!: boolean;

  @Column('jsonb', { default: {} })
  sealed!: ByCredential<string>;

  @Column('jsonb', { default: {} })
  shown!: ByCredential<string>;

  /** A previous webhook secret is compared with nothing. */
  @Column('jsonb', { default: {} })
  fingerprints!: ByCredential<string, CredentialField>;

  /** Until when a previous webhook secret is accepted, in milliseconds since 1970. */
  @Column('jsonb', { default: {} })
  expires_at!: ByCredential<number, PreviousField>;

  /** When a credential of a mode was last written, in milliseconds since 1970; nothing when none is stored. */
  @Column('jsonb', { default: {} })
  configured_at!: Partial<Record<Mode, number>>;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  created_at!: Date;

  /** The last change; equal to `created_at` until there is one. */
  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  updated_at!: Date;

  /** Counts the changes, and numbers the rows of the audit trail. */
  @Column('integer', { default: 0 })
  version!: number;

  /** The `sub` of whoever made the last change. */
  @Column('varchar', { length: 255, default: '' })
  changed_by!: string;

  /** The request that made the last change. */
  @Column('uuid')
  @Generated('uuid')
  change_request_id!: string;

  /** The hash of the last row of its audit trail, to which the next one is chained. */
  @Column('bytea', { default: String.raw`\x` })
  trail_hash!: Buffer;

  /** When the project was removed for good: nothing is stored for it again, and none of its events is handled. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  removed_at!: Date | null;
}
