import { Column, Entity, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

@Entity('users')
export class User {
  @PrimaryColumn('text')
  id!: string;
}

@Entity('projects')
export class Project {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('text')
  owner_id!: string;

  @Column('text')
  name!: string;

  @Column({ type: 'timestamptz', precision: 3, default: () => 'now()' })
  created_at!: Date;
}

@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('uuid')
  project_id!: string;

  @Column('integer')
  amount!: number;

  /** Known once Stripe made it. */
  @Column('text', { nullable: true })
  payment_intent!: string | null;

  @Column('timestamptz', { nullable: true })
  paid_at!: Date | null;
}
