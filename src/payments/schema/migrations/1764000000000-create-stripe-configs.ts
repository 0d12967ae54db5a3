import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Everything of the payments module: tables, and the triggers that guard them. `{schema}` is the one that the data source
 * names, or the connection's own.
 */
export class CreateStripeConfigs1764000000000 implements MigrationInterface {
  /** Said, since a bundler may give the class another name. */
  name = 'CreateStripeConfigs1764000000000';

  async up(queryRunner: QueryRunner): Promise<void> {
    const schema = await schemaOf(queryRunner);
    for (const sql of UP) await queryRunner.query(sql.replaceAll('{schema}', () => schema));
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    const schema = await schemaOf(queryRunner);
    for (const sql of DOWN) await queryRunner.query(sql.replaceAll('{schema}', () => schema));
  }
}

async function schemaOf(queryRunner: QueryRunner): Promise<string> {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- TypeORM 0.3 knows it by no other name
  const { schema } = queryRunner.connection.options as { schema?: string };
  const [row] = (await queryRunner.query(
    'SELECT quote_ident(coalesce($1, current_schema(), $2)) AS name',
    // Without a schema nothing can be made, and PostgreSQL says so.
    [schema ?? null, 'public'],
  )) as { name: string }[];
  return row?.name ?? 'public';
}

/** Whether a commit could be lost, or the warning that it was not replicated not be heard. Asked here, a call is saved. */
const LOSES_OR_HIDES =
  "(current_setting('synchronous_commit') = 'off' OR current_setting('client_min_messages') = 'error')";

/** In their order. */
export const UP = [
  // One row for each project; of a removed one that never had a configuration an empty one, with the version 0. `sealed`, `shown`
  // and `fingerprints` have a member for each stored credential, by its name in the API; one that was replaced is `<mode>_previous_<kind>` until the time in `expires_at`. Times in JSON are
  // milliseconds since 1970. The checks make the database itself refuse a plaintext, or a value without its mask.
  `
  CREATE TABLE {schema}.stripe_configs (
    project_id varchar(64) COLLATE "C" NOT NULL CONSTRAINT stripe_configs_pkey PRIMARY KEY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    is_active boolean NOT NULL DEFAULT true,
    sealed jsonb NOT NULL DEFAULT '{}',
    shown jsonb NOT NULL DEFAULT '{}',
    fingerprints jsonb NOT NULL DEFAULT '{}',
    expires_at jsonb NOT NULL DEFAULT '{}',
    configured_at jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    version integer NOT NULL DEFAULT 0,
    changed_by varchar(255) NOT NULL DEFAULT '',
    change_request_id uuid NOT NULL DEFAULT gen_random_uuid(),
    trail_hash bytea NOT NULL DEFAULT '',
    removed_at timestamptz(3),
    CONSTRAINT stripe_configs_sealed_check CHECK (
      jsonb_typeof(sealed) = 'object' AND NOT sealed @?
        '$.* ? (@.type() != "string" || !(@ like_regex "^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$"))'
    ),
    CONSTRAINT stripe_configs_shown_check CHECK (
      jsonb_typeof(shown) = 'object'
      AND shown - '{test_secret_key,test_publishable_key,test_webhook_secret,test_previous_webhook_secret}'::text[]
        - '{live_secret_key,live_publishable_key,live_webhook_secret,live_previous_webhook_secret}'::text[] = '{}'
      AND (NOT shown ? 'test_secret_key' OR coalesce(shown ->> 'test_secret_key' ~ '^(sk|rk|rkcs)_test_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'test_publishable_key' OR coalesce(shown ->> 'test_publishable_key' ~ '^pk_test_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'test_webhook_secret' OR coalesce(shown ->> 'test_webhook_secret' ~ '^whsec_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'test_previous_webhook_secret'
        OR coalesce(shown ->> 'test_previous_webhook_secret' ~ '^whsec_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'live_secret_key' OR coalesce(shown ->> 'live_secret_key' ~ '^(sk|rk)_live_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'live_publishable_key' OR coalesce(shown ->> 'live_publishable_key' ~ '^pk_live_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'live_webhook_secret' OR coalesce(shown ->> 'live_webhook_secret' ~ '^whsec_[.]{3}[!-~]{4}$', false))
      AND (NOT shown ? 'live_previous_webhook_secret'
        OR coalesce(shown ->> 'live_previous_webhook_secret' ~ '^whsec_[.]{3}[!-~]{4}$', false))
    ),
    -- Objects of jsonb have their members in one order, so that lists of names can be compared.
    CONSTRAINT stripe_configs_whole_check CHECK (
      jsonb_path_query_array(sealed, '$.keyvalue().key') = jsonb_path_query_array(shown, '$.keyvalue().key')
      AND jsonb_path_query_array(sealed, '$.keyvalue().key ? (!(@ like_regex "_previous_"))')
        = jsonb_path_query_array(fingerprints, '$.keyvalue().key')
      AND jsonb_path_query_array(sealed, '$.keyvalue().key ? (@ like_regex "_previous_")')
        = jsonb_path_query_array(expires_at, '$.keyvalue().key')
      AND NOT fingerprints @? '$.* ? (@.type() != "string")' AND NOT expires_at @? '$.* ? (@.type() != "number")'
    ),
    CONSTRAINT stripe_configs_erased_when_inactive_check CHECK (
      is_active OR (sealed = '{}' AND configured_at = '{}')
    )
  )`,
  // What has expired is looked for every minute, by the first time that a row has.
  `
  CREATE INDEX stripe_configs_expiring_idx ON {schema}.stripe_configs (
    (least((expires_at ->> 'test_previous_webhook_secret')::numeric, (expires_at ->> 'live_previous_webhook_secret')::numeric))
  ) WHERE expires_at <> '{}'`,
  `
  CREATE TABLE {schema}.stripe_config_audit (
    project_id varchar(64) COLLATE "C" NOT NULL,
    version integer NOT NULL,
    action text NOT NULL,
    actor varchar(255),
    actor_salt uuid,
    actor_digest bytea NOT NULL,
    request_id uuid NOT NULL,
    changed_at timestamptz(3) NOT NULL,
    fields text[] NOT NULL,
    masks_before jsonb NOT NULL,
    masks_after jsonb NOT NULL,
    fingerprints_after jsonb NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT stripe_config_audit_pkey PRIMARY KEY (project_id, version)
  )`,
  // Finds what a person changed, to erase who that was.
  'CREATE INDEX stripe_config_audit_actor_idx ON {schema}.stripe_config_audit (actor) WHERE actor IS NOT NULL',
  // The keys that seal this database, each with a canary, and which replica holds which ring: of the whole service.
  `
  CREATE TABLE {schema}.stripe_config_keys (
    key_id text NOT NULL CONSTRAINT stripe_config_keys_pkey PRIMARY KEY,
    canary text NOT NULL CONSTRAINT stripe_config_keys_canary_check CHECK (canary ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'),
    first_seen_at timestamptz(3) NOT NULL DEFAULT now(),
    activated_at timestamptz(3),
    row_count bigint,
    rewrap_remaining bigint
  )`,
  `
  CREATE TABLE {schema}.stripe_config_replicas (
    replica_id uuid NOT NULL CONSTRAINT stripe_config_replicas_pkey PRIMARY KEY,
    ring_fingerprint text NOT NULL,
    active_key_id text NOT NULL,
    seen_at timestamptz(3) NOT NULL DEFAULT now(),
    host_name text
  )`,
  `
  CREATE TABLE {schema}.stripe_events (
    project_id varchar(64) COLLATE "C" NOT NULL,
    mode text NOT NULL,
    event_id varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    object_id varchar(255),
    created_at timestamptz(3) NOT NULL,
    received_at timestamptz(3) NOT NULL DEFAULT now(),
    payload_sealed text CONSTRAINT stripe_events_payload_sealed_check
      CHECK (payload_sealed ~ '^sc1[.][a-z2-7]{10}[.][A-Za-z0-9_-]+$'),
    status text NOT NULL DEFAULT 'pending',
    attempts integer NOT NULL DEFAULT 0,
    available_at timestamptz(3) NOT NULL DEFAULT now(),
    finished_at timestamptz(3),
    last_error varchar(255),
    trace_parent varchar(55),
    CONSTRAINT stripe_events_pkey PRIMARY KEY (project_id, mode, event_id),
    CONSTRAINT stripe_events_erased_check CHECK (payload_sealed IS NOT NULL OR status IN ('handled', 'skipped')),
    CONSTRAINT stripe_events_mode_check CHECK (mode IN ('test', 'live')),
    CONSTRAINT stripe_events_status_check CHECK (status IN ('pending', 'handled', 'skipped', 'failed'))
  )`,
  // Sealed bytes cannot be compressed, so PostgreSQL need not try.
  'ALTER TABLE {schema}.stripe_events ALTER COLUMN payload_sealed SET STORAGE EXTERNAL',
  'CREATE INDEX stripe_events_received_idx ON {schema}.stripe_events (project_id, received_at, mode, event_id)',
  // From project to project.
  "CREATE INDEX stripe_events_pending_idx ON {schema}.stripe_events (project_id, available_at) WHERE status = 'pending'",
  // Of all projects. A statement of one project could be planned on it, and pass over all others; none says `attempts >= 0`.
  "CREATE INDEX stripe_events_due_idx ON {schema}.stripe_events (available_at) WHERE status = 'pending' AND attempts >= 0",
  "CREATE INDEX stripe_events_failed_idx ON {schema}.stripe_events (project_id) WHERE status = 'failed'",
  // What is old enough to be deleted is looked for every minute.
  "CREATE INDEX stripe_events_finished_idx ON {schema}.stripe_events (finished_at) WHERE status IN ('handled', 'skipped')",
  // What is known of each mode's credentials.
  `
  CREATE TABLE {schema}.stripe_config_states (
    project_id varchar(64) COLLATE "C" NOT NULL,
    mode text NOT NULL,
    key_version integer,
    key_status text,
    key_status_since timestamptz(3),
    key_checked_at timestamptz(3),
    account_id varchar(255),
    webhook_version integer,
    webhook_verified_at timestamptz(3),
    previous_verified_at timestamptz(3),
    webhook_failures integer NOT NULL DEFAULT 0,
    webhook_failed_at timestamptz(3),
    webhook_failure text,
    webhook_ignored integer NOT NULL DEFAULT 0,
    CONSTRAINT stripe_config_states_pkey PRIMARY KEY (project_id, mode)
  )`,
  `
  CREATE TABLE {schema}.stripe_webhook_endpoints (
    project_id varchar(64) COLLATE "C" NOT NULL,
    mode text NOT NULL,
    endpoint_id varchar(255),
    wanted jsonb NOT NULL,
    secret_version integer,
    idempotency_key uuid,
    made_at timestamptz(3),
    removed_at timestamptz(3),
    removal_failed_at timestamptz(3),
    CONSTRAINT stripe_webhook_endpoints_pkey PRIMARY KEY (project_id, mode)
  )`,
  `
  CREATE TABLE {schema}.stripe_call_limits (
    project_id varchar(64) COLLATE "C" NOT NULL CONSTRAINT stripe_call_limits_pkey PRIMARY KEY,
    calls timestamptz[] NOT NULL
  )`,
  // Rows to be locked, since not every engine has locks of another kind. They hold nothing.
  `
  CREATE TABLE {schema}.stripe_config_locks (
    project_id varchar(64) COLLATE "C" NOT NULL,
    name text NOT NULL,
    CONSTRAINT stripe_config_locks_pkey PRIMARY KEY (project_id, name)
  )`,

  // The second guard of the trail: the statement of a change writes its row, and this refuses, in the same transaction and whoever
  // makes it, a change whose row is missing or does not say what was changed. The row is hashed as the statement does it: everything
  // but the hash itself, with the hash of the row before, and with its actor as a digest, which stays when who that was is erased.
  `
  CREATE FUNCTION {schema}.stripe_configs_audited() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
  DECLARE
    is_said boolean;
  BEGIN
    -- Of a new configuration everything before is null.
    IF NEW.version <> coalesce(OLD.version, 0) + 1 THEN
      RAISE EXCEPTION 'a change moves the version by one' USING ERRCODE = '23514';
    END IF;
    -- In WHERE is its key alone, so that no plan finds it by anything else.
    SELECT entry.action = CASE WHEN OLD.id IS NULL THEN 'created' WHEN NOT NEW.is_active THEN 'deleted' WHEN OLD.is_active THEN 'updated'
        ELSE 'reactivated' END
      AND entry.actor = NEW.changed_by AND entry.request_id = NEW.change_request_id
      AND entry.changed_at = NEW.updated_at AND entry.fields = changed.fields AND entry.masks_before = changed.masks_before
      AND entry.masks_after = changed.masks_after AND entry.fingerprints_after = changed.fingerprints_after
      AND entry.actor_digest = sha256(convert_to(jsonb_build_array(entry.actor_salt, entry.actor)::text, 'UTF8'))
      AND entry.previous_hash = coalesce(OLD.trail_hash, '') AND entry.hash = NEW.trail_hash
      AND entry.hash = sha256(convert_to(jsonb_build_array(
        entry.project_id, entry.version, entry.action, encode(entry.actor_digest, 'hex'), entry.request_id,
        extract(epoch FROM entry.changed_at), entry.fields, entry.masks_before, entry.masks_after,
        entry.fingerprints_after, encode(entry.previous_hash, 'hex')
      )::text, 'UTF8'))
    INTO is_said
    FROM {schema}.stripe_config_audit AS entry CROSS JOIN (
      SELECT coalesce(array_agg(field ORDER BY field), '{}'), coalesce(jsonb_object_agg(field, OLD.shown -> field), '{}'),
        coalesce(jsonb_object_agg(field, NEW.shown -> field), '{}'),
        coalesce(jsonb_object_agg(field, NEW.fingerprints -> field), '{}')
      FROM jsonb_object_keys(coalesce(OLD.shown, '{}') || NEW.shown) AS field
      WHERE OLD.sealed -> field IS DISTINCT FROM NEW.sealed -> field
    ) AS changed (fields, masks_before, masks_after, fingerprints_after)
    WHERE entry.project_id = NEW.project_id AND entry.version = NEW.version;
    IF is_said IS NOT TRUE THEN
      RAISE EXCEPTION 'the audit trail has no row that says what this change of a configuration did'
        USING ERRCODE = '23514', HINT = 'Change configurations through the service, whose statements write the row.';
    END IF;
    RETURN NULL;
  END $$`,
  `
  CREATE FUNCTION {schema}.stripe_config_refuse() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
  BEGIN
    RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = '42501';
  END $$`,
  // Makes changes durable whatever is the database's default: what was acknowledged outlives a crash of the server. It also
  // lets the driver hear the warning that a commit was not replicated, which a higher level would keep from it.
  `
  CREATE FUNCTION {schema}.stripe_config_durable() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
  BEGIN
    IF current_setting('synchronous_commit') = 'off' THEN
      PERFORM set_config('synchronous_commit', 'on', true);
    END IF;
    IF current_setting('client_min_messages') = 'error' THEN
      PERFORM set_config('client_min_messages', 'warning', true);
    END IF;
    RETURN NULL;
  END $$`,
  // Writes nothing where a project was removed. The statements of the module see to it themselves, under the lock of the
  // configuration's row; this is for all others.
  `
  CREATE FUNCTION {schema}.stripe_config_stays_removed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, {schema}, pg_temp AS $$
  BEGIN
    IF TG_OP = 'UPDATE'
      OR EXISTS (SELECT FROM {schema}.stripe_configs WHERE project_id = NEW.project_id AND removed_at IS NOT NULL)
    THEN
      RETURN NULL;
    END IF;
    RETURN NEW;
  END $$`,

  // That a project was removed which never had a configuration is no change of one.
  `CREATE TRIGGER stripe_configs_audited_insert AFTER INSERT ON {schema}.stripe_configs
    FOR EACH ROW WHEN (NEW.version <> 0 OR NEW.is_active OR NEW.removed_at IS NULL) EXECUTE FUNCTION {schema}.stripe_configs_audited()`,
  `CREATE TRIGGER stripe_configs_audited_update AFTER UPDATE ON {schema}.stripe_configs
    FOR EACH ROW WHEN (OLD.version <> NEW.version) EXECUTE FUNCTION {schema}.stripe_configs_audited()`,
  // Without a new version the same secrets may be sealed again, a previous one may be erased when its time is over, whoever
  // changed it last may be erased, and nothing else.
  `CREATE TRIGGER stripe_configs_unaudited BEFORE UPDATE ON {schema}.stripe_configs
    FOR EACH ROW WHEN (
      OLD.version = NEW.version AND (
        (OLD.id, OLD.project_id, OLD.is_active, OLD.created_at, OLD.updated_at, OLD.change_request_id, OLD.trail_hash,
          OLD.configured_at, jsonb_path_query_array(OLD.shown, '$.keyvalue().key ? (!(@ like_regex "_previous_"))'))
        IS DISTINCT FROM
        (NEW.id, NEW.project_id, NEW.is_active, NEW.created_at, NEW.updated_at, NEW.change_request_id, NEW.trail_hash,
          NEW.configured_at, jsonb_path_query_array(NEW.shown, '$.keyvalue().key ? (!(@ like_regex "_previous_"))'))
        OR NEW.changed_by NOT IN (OLD.changed_by, '')
        OR NOT OLD.shown @> NEW.shown
        OR NOT OLD.expires_at @> NEW.expires_at
      )
    ) EXECUTE FUNCTION {schema}.stripe_config_refuse('a change of a configuration moves its version')`,
  `CREATE TRIGGER stripe_configs_keep BEFORE DELETE OR TRUNCATE ON {schema}.stripe_configs
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.stripe_config_refuse('a configuration is deactivated, never removed')`,
  `CREATE TRIGGER stripe_config_audit_append_only BEFORE DELETE OR TRUNCATE ON {schema}.stripe_config_audit
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.stripe_config_refuse('the audit trail is append-only')`,
  `CREATE TRIGGER stripe_config_audit_erase_only BEFORE UPDATE ON {schema}.stripe_config_audit
    FOR EACH ROW WHEN (
      num_nonnulls(NEW.actor, NEW.actor_salt) > 0
      OR to_jsonb(OLD) - '{actor,actor_salt}'::text[] <> to_jsonb(NEW) - '{actor,actor_salt}'::text[]
    ) EXECUTE FUNCTION {schema}.stripe_config_refuse('of the audit trail only who made a change can be erased')`,
  `CREATE TRIGGER stripe_configs_durable BEFORE INSERT OR UPDATE ON {schema}.stripe_configs
    FOR EACH STATEMENT WHEN ${LOSES_OR_HIDES} EXECUTE FUNCTION {schema}.stripe_config_durable()`,
  `CREATE TRIGGER stripe_webhook_endpoints_durable BEFORE INSERT OR UPDATE ON {schema}.stripe_webhook_endpoints
    FOR EACH STATEMENT WHEN ${LOSES_OR_HIDES} EXECUTE FUNCTION {schema}.stripe_config_durable()`,
  `CREATE TRIGGER stripe_events_durable BEFORE INSERT ON {schema}.stripe_events
    FOR EACH STATEMENT WHEN ${LOSES_OR_HIDES} EXECUTE FUNCTION {schema}.stripe_config_durable()`,
  `CREATE TRIGGER stripe_configs_stay_removed BEFORE UPDATE ON {schema}.stripe_configs
    FOR EACH ROW WHEN (OLD.removed_at IS NOT NULL AND (NEW.is_active OR NEW.removed_at IS DISTINCT FROM OLD.removed_at))
    EXECUTE FUNCTION {schema}.stripe_config_stays_removed()`,
  `CREATE TRIGGER stripe_events_stay_removed BEFORE INSERT ON {schema}.stripe_events
    FOR EACH ROW EXECUTE FUNCTION {schema}.stripe_config_stays_removed()`,
];

const DOWN = [
  `DROP TABLE {schema}.stripe_configs, {schema}.stripe_config_keys, {schema}.stripe_config_replicas, {schema}.stripe_events,
    {schema}.stripe_config_states, {schema}.stripe_webhook_endpoints, {schema}.stripe_call_limits, {schema}.stripe_config_locks`,
  'DROP TABLE {schema}.stripe_config_audit',
  `DROP FUNCTION {schema}.stripe_configs_audited(), {schema}.stripe_config_refuse(), {schema}.stripe_config_durable(),
    {schema}.stripe_config_stays_removed()`,
];
