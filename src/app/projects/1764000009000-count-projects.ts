import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many projects each owner has made, so that there can be a limit. */
export class CountProjects1764000009000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    // What is made meanwhile would not be counted.
    await queryRunner.query('LOCK TABLE projects IN SHARE MODE');
    await queryRunner.query(`
      CREATE TABLE project_owners (
        owner_id varchar(255) NOT NULL CONSTRAINT project_owners_pkey PRIMARY KEY,
        created integer NOT NULL
      )
    `);
    await queryRunner.query(`
      INSERT INTO project_owners (owner_id, created)
      SELECT owner_id, count(*) FROM projects GROUP BY owner_id
    `);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE project_owners');
  }
}
