import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The application's own tables. */
export class CreateTables1760000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE users (id text PRIMARY KEY)`);
    await runner.query(`
      CREATE TABLE projects (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        owner_id text NOT NULL REFERENCES users,
        name text NOT NULL,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await runner.query('CREATE INDEX ON projects (owner_id, created_at, id)');
    await runner.query(`
      CREATE TABLE orders (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        project_id uuid NOT NULL REFERENCES projects,
        amount integer NOT NULL CHECK (amount > 0),
        payment_intent text UNIQUE,
        paid_at timestamptz
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE orders, projects, users');
  }
}
