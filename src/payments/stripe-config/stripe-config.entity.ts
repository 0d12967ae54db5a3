import { Check, Column, Entity, Generated, PrimaryGeneratedColumn, Unique } from 'typeorm';
import {
  SEALED_FIELDS,
  type CredentialField,
  type PreviousField,
  type SealedField,
} from '../domain/credentials.js';

/**
 * The Stripe configuration of one project. Properties bear the names of their columns, so that a row of a
 * statement is an entity as it is. Each credential is three columns: the sealed value (`…_sealed`, see
 * `crypto/sealer.ts`), what may be shown of it (`…_masked`), and what it is compared by (`…_fingerprint`).
 */
@Entity('stripe_configs')
@Unique('stripe_configs_project_id_key', ['project_id'])
@Check(
  'stripe_configs_erased_when_inactive_check',
  `is_active OR num_nonnulls(${SEALED_FIELDS.map((field) => `${field}_sealed`).join(', ')}, test_configured_at, live_configured_at) = 0`,
)
@Check('stripe_configs_test_secret_key_check', credentialRule('test_secret_key', '(sk|rk)_test_'))
@Check('stripe_configs_test_publishable_key_check', credentialRule('test_publishable_key', 'pk_test_'))
@Check('stripe_configs_test_webhook_secret_check', credentialRule('test_webhook_secret', 'whsec_'))
@Check('stripe_configs_live_secret_key_check', credentialRule('live_secret_key', '(sk|rk)_live_'))
@Check('stripe_configs_live_publishable_key_check', credentialRule('live_publishable_key', 'pk_live_'))
@Check('stripe_configs_live_webhook_secret_check', credentialRule('live_webhook_secret', 'whsec_'))
@Check('stripe_configs_test_previous_webhook_secret_check', previousRule('test_previous_webhook_secret'))
@Check('stripe_configs_live_previous_webhook_secret_check', previousRule('live_previous_webhook_secret'))
export class StripeConfigEntity {
  @PrimaryGeneratedColumn('uuid', { primaryKeyConstraintName: 'stripe_configs_pkey' })
  id!: string;

  /** Lower case, as PostgreSQL gives UUIDs. */
  @Column('uuid')
  project_id!: string;

  @Column('boolean', { default: true })
  is_active!: boolean;

  @Column('text', { nullable: true })
  test_secret_key_sealed!: string | null;

  @Column('text', { nullable: true })
  test_secret_key_masked!: string | null;

  @Column('text', { nullable: true })
  test_secret_key_fingerprint!: string | null;

  @Column('text', { nullable: true })
  test_publishable_key_sealed!: string | null;

  @Column('text', { nullable: true })
  test_publishable_key_masked!: string | null;

  @Column('text', { nullable: true })
  test_publishable_key_fingerprint!: string | null;

  @Column('text', { nullable: true })
  test_webhook_secret_sealed!: string | null;

  @Column('text', { nullable: true })
  test_webhook_secret_masked!: string | null;

  @Column('text', { nullable: true })
  test_webhook_secret_fingerprint!: string | null;

  @Column('text', { nullable: true })
  live_secret_key_sealed!: string | null;

  @Column('text', { nullable: true })
  live_secret_key_masked!: string | null;

  @Column('text', { nullable: true })
  live_secret_key_fingerprint!: string | null;

  @Column('text', { nullable: true })
  live_publishable_key_sealed!: string | null;

  @Column('text', { nullable: true })
  live_publishable_key_masked!: string | null;

  @Column('text', { nullable: true })
  live_publishable_key_fingerprint!: string | null;

  @Column('text', { nullable: true })
  live_webhook_secret_sealed!: string | null;

  @Column('text', { nullable: true })
  live_webhook_secret_masked!: string | null;

  @Column('text', { nullable: true })
  live_webhook_secret_fingerprint!: string | null;

  /** The webhook secret that the present one replaced, until it expires. */
  @Column('text', { nullable: true })
  test_previous_webhook_secret_sealed!: string | null;

  @Column('text', { nullable: true })
  test_previous_webhook_secret_masked!: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  test_previous_webhook_secret_expires_at!: Date | null;

  @Column('text', { nullable: true })
  live_previous_webhook_secret_sealed!: string | null;

  @Column('text', { nullable: true })
  live_previous_webhook_secret_masked!: string | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  live_previous_webhook_secret_expires_at!: Date | null;

  /** When a credential of the mode was last written; null when none is stored. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  test_configured_at!: Date | null;

  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  live_configured_at!: Date | null;

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
}

/** All or none of a credential's columns, and nothing that is not sealed, or not a mask, in them. */
function credentialRule(field: CredentialField, prefix: string): string {
  return `num_nonnulls(${field}_sealed, ${field}_masked, ${field}_fingerprint) IN (0, 3)
    AND ${field}_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
    AND ${field}_masked ~ '^${prefix}[.]{3}[!-~]{4}$'`;
}

/** Likewise; it is compared with nothing, so it has no fingerprint. */
function previousRule(field: PreviousField): string {
  return `num_nonnulls(${field}_sealed, ${field}_masked, ${field}_expires_at) IN (0, 3)
    AND ${field}_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'
    AND ${field}_masked ~ '^whsec_[.]{3}[!-~]{4}$'`;
}

/** The members of a row that may leave the service: everything but sealed values and fingerprints. */
export type StripeConfigView = Omit<
  StripeConfigEntity,
  | `${SealedField}_sealed`
  | `${CredentialField}_fingerprint`
  | `${PreviousField}_${'masked' | 'expires_at'}`
  | 'changed_by'
  | 'change_request_id'
>;
