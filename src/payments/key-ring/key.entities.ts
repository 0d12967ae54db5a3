import { Check, Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that some replica of this database's services has held. */
@Entity('stripe_config_keys')
@Check('stripe_config_keys_canary_check', `canary ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'`)
export class KeyEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'stripe_config_keys_pkey' })
  key_id!: string;

  /** A known text sealed under the key: whoever opens it holds the same key. */
  @Column('text')
  canary!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  first_seen_at!: Date;

  /** Since when it may have sealed stored values; null while it only opens. */
  @Column({ type: 'timestamptz', precision: 3, nullable: true })
  activated_at!: Date | null;

  /** Rows with values under it, as a command has counted them last; null while none has. */
  @Column('bigint', { nullable: true })
  row_count!: string | null;

  /** Rows that the last rewrap to this key has still to seal again; null while there was none. */
  @Column('bigint', { nullable: true })
  rewrap_remaining!: string | null;
}

/** A running service, and the ring it holds. */
@Entity('stripe_config_replicas')
export class ReplicaEntity {
  @PrimaryColumn('uuid', { primaryKeyConstraintName: 'stripe_config_replicas_pkey' })
  replica_id!: string;

  /** Where it runs. */
  @Column('text', { nullable: true })
  host_name!: string | null;

  /** See `KeyRing.fingerprint`. */
  @Column('text')
  ring_fingerprint!: string;

  @Column('text')
  active_key_id!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  seen_at!: Date;
}
