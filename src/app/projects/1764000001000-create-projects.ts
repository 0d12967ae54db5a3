import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The standalone service's own projects, and how many each owner has created, for the limit. */
export class CreateProjects1764000001000 implements MigrationInterface {
  /** Said, since a bundler may give the class another name. */
  name = 'CreateProjects1764000001000';

  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE projects (
        id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT projects_pkey PRIMARY KEY,
        owner_id varchar(255) NOT NULL,
        name varchar(255) NOT NULL,
        description varchar(1000),
        is_active boolean NOT NULL DEFAULT true,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )
    `);
    await queryRunner.query(
      'CREATE INDEX projects_owner_id_created_at_idx ON projects (owner_id, created_at, id)',
    );
    await queryRunner.query(`
      CREATE TABLE project_owners (
        owner_id varchar(255) NOT NULL CONSTRAINT project_owners_pkey PRIMARY KEY,
        created integer NOT NULL
      )
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE project_owners, projects');
  }
}
