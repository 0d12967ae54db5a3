import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The standalone service's own projects, how many each owner has created, for the limit, who else may what in them, and the trail of
 * how that has changed. Its triggers run a function of the payments module, whose tables are made first.
 */
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
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        access_version integer NOT NULL DEFAULT 0,
        access_hash bytea NOT NULL DEFAULT ''
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
    for (const sql of ACCESS) await queryRunner.query(sql);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'DROP TABLE service_tokens, project_access_audit, project_members, project_owners, projects',
    );
  }
}

const ACCESS = [
  // The time of the project is kept beside each member, so that a page of a person's projects is found by one index.
  `
  CREATE TABLE project_members (
    project_id uuid NOT NULL CONSTRAINT project_members_project_id_fkey REFERENCES projects,
    subject varchar(255) COLLATE "C" NOT NULL,
    role text NOT NULL CONSTRAINT project_members_role_check CHECK (role IN ('viewer', 'admin', 'owner')),
    added_at timestamptz(3) NOT NULL DEFAULT now(),
    project_created_at timestamptz(3) NOT NULL,
    CONSTRAINT project_members_pkey PRIMARY KEY (project_id, subject)
  )`,
  'CREATE INDEX project_members_subject_idx ON project_members (subject, project_created_at, project_id)',
  `
  CREATE TABLE project_access_audit (
    project_id uuid NOT NULL,
    version integer NOT NULL,
    action text NOT NULL,
    actor varchar(255),
    actor_salt uuid,
    actor_digest bytea NOT NULL,
    request_id uuid NOT NULL,
    changed_at timestamptz(3) NOT NULL,
    subject varchar(255),
    subject_salt uuid,
    subject_digest bytea,
    role_before text,
    role_after text,
    token_id uuid,
    token_name varchar(100),
    token_hash text,
    token_expires_at timestamptz(3),
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT project_access_audit_pkey PRIMARY KEY (project_id, version)
  )`,
  // What a token may in one of its projects: a token of several has as many rows, which end one by one. Of the token there is nothing
  // but its hash. Its maker is null once who that was has been erased.
  `
  CREATE TABLE service_tokens (
    id uuid NOT NULL,
    project_id uuid NOT NULL CONSTRAINT service_tokens_project_id_fkey REFERENCES projects,
    token_hash text COLLATE "C" NOT NULL,
    name varchar(100) NOT NULL,
    role text NOT NULL CONSTRAINT service_tokens_role_check CHECK (role IN ('viewer', 'admin', 'owner')),
    made_by varchar(255) COLLATE "C",
    made_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL,
    last_used_at timestamptz(3),
    revoked_at timestamptz(3),
    CONSTRAINT service_tokens_pkey PRIMARY KEY (id, project_id)
  )`,
  'CREATE UNIQUE INDEX service_tokens_token_hash_idx ON service_tokens (token_hash, project_id)',
  'CREATE INDEX service_tokens_project_idx ON service_tokens (project_id, made_at, id)',
  'CREATE INDEX service_tokens_made_by_idx ON service_tokens (made_by, made_at, id) WHERE made_by IS NOT NULL',
  // Find what names a person, to erase who that was.
  'CREATE INDEX project_access_audit_actor_idx ON project_access_audit (actor) WHERE actor IS NOT NULL',
  'CREATE INDEX project_access_audit_subject_idx ON project_access_audit (subject) WHERE subject IS NOT NULL',
  `CREATE TRIGGER project_access_audit_append_only BEFORE DELETE OR TRUNCATE ON project_access_audit
    FOR EACH STATEMENT EXECUTE FUNCTION stripe_config_refuse('the trail of access is append-only')`,
  `CREATE TRIGGER project_access_audit_erase_only BEFORE UPDATE ON project_access_audit
    FOR EACH ROW WHEN (
      to_jsonb(OLD) - '{actor,actor_salt,subject,subject_salt}'::text[]
        <> to_jsonb(NEW) - '{actor,actor_salt,subject,subject_salt}'::text[]
      OR ((OLD.actor, OLD.actor_salt) IS DISTINCT FROM (NEW.actor, NEW.actor_salt)
        AND num_nonnulls(NEW.actor, NEW.actor_salt) > 0)
      OR ((OLD.subject, OLD.subject_salt) IS DISTINCT FROM (NEW.subject, NEW.subject_salt)
        AND num_nonnulls(NEW.subject, NEW.subject_salt) > 0)
    ) EXECUTE FUNCTION stripe_config_refuse('of the trail of access only who somebody was can be erased')`,
];
