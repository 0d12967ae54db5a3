// Fills a database as if it had served for long: projects with configurations, their trail and states, and events, all copies of
// what the service itself has written for one project. Copies are never opened.
import pg from 'pg';

/** Owners have so many projects each. */
const OWNED = 10;
/** Rows that one statement makes. */
const CHUNK = 100_000;

/**
 * @param template the id of a project with a configuration, a previous webhook secret and a handled event
 * @param counts `projects` and `events` to make
 */
export async function fill(databaseUrl, template, counts) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await fillBy(client, template, counts);
  } finally {
    await client.end();
  }
}

async function fillBy(client, template, { projects, events }) {
  // The triggers would look for each row's trail one by one.
  await client.query('SET session_replication_role = replica; SET synchronous_commit = off');
  for (let from = 0; from < projects; from += CHUNK) {
    const chunk = [from, Math.min(from + CHUNK, projects) - 1];
    await client.query(
      `INSERT INTO projects (owner_id, name, created_at)
        SELECT 'owner ' || n / ${OWNED}, 'Shop ' || n, now() - n * interval '1 second' FROM generate_series($1::integer, $2) AS n`,
      chunk,
    );
  }
  const others = 'FROM projects WHERE id::text <> $1';
  await client.query(`INSERT INTO project_owners SELECT owner_id, count(*) ${others} GROUP BY owner_id`, [
    template,
  ]);
  // One in ten has rolled a webhook secret within the day.
  await client.query(
    `INSERT INTO stripe_configs (project_id, sealed, shown, fingerprints, expires_at, configured_at, version, changed_by,
        trail_hash)
      SELECT project.id, CASE WHEN is_rolled THEN config.sealed ELSE config.sealed - previous END,
        CASE WHEN is_rolled THEN config.shown ELSE config.shown - previous END, config.fingerprints,
        CASE WHEN is_rolled THEN config.expires_at ELSE '{}' END, config.configured_at, config.version, owner_id,
        config.trail_hash
      FROM (SELECT id, owner_id, random() < 0.1 AS is_rolled ${others}) AS project
        CROSS JOIN (SELECT * FROM stripe_configs WHERE project_id = $1) AS config
        CROSS JOIN (VALUES ('test_previous_webhook_secret')) AS names (previous)`,
    [template],
  );
  await client.query(
    `INSERT INTO stripe_config_audit (project_id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, fields,
        masks_before, masks_after, fingerprints_after, previous_hash, hash)
      SELECT project.id, version, action, actor, actor_salt, actor_digest, request_id, changed_at, fields,
        masks_before, masks_after, fingerprints_after, previous_hash, hash
      FROM (SELECT id ${others}) AS project CROSS JOIN (SELECT * FROM stripe_config_audit WHERE project_id = $1) AS entry`,
    [template],
  );
  await client.query(
    `INSERT INTO stripe_config_states (project_id, mode, webhook_version, webhook_verified_at)
      SELECT id, mode, 1, now() FROM (SELECT id ${others}) AS project, unnest('{test,live}'::text[]) AS mode`,
    [template],
  );
  await client.query(
    `INSERT INTO stripe_configs (project_id, is_active, removed_at)
      SELECT gen_random_uuid(), false, now() FROM generate_series(1, $1::integer / 100)`,
    [projects],
  );
  // They came over 44 days; one in a hundred has failed, and one waits for another try tomorrow.
  await client.query(
    'CREATE TEMP TABLE ids AS SELECT id, (row_number() OVER ())::integer AS n FROM projects',
  );
  await client.query('CREATE INDEX ON ids (n)');
  await client.query('ANALYZE ids');
  for (let from = 0; from < events; from += CHUNK) {
    await client.query(
      `INSERT INTO stripe_events (project_id, mode, event_id, type, object_id, created_at, received_at, payload_sealed, status,
         attempts, available_at, finished_at)
        SELECT ids.id, 'test', 'evt_' || md5(number::text), 'invoice.paid', 'in_' || number, at, at, event.payload_sealed, status, 1,
          CASE WHEN status = 'pending' THEN now() + interval '1 day' ELSE at END, CASE WHEN status <> 'pending' THEN at END
        FROM (
          SELECT number, 1 + floor(random() * $4)::integer AS n,
            date_trunc('milliseconds', now() - random() * interval '44 days') AS at,
            CASE number % 100 WHEN 0 THEN 'failed' WHEN 1 THEN 'pending' ELSE 'handled' END AS status
          FROM generate_series($2::integer, $3) AS number
        ) AS made JOIN ids USING (n)
          CROSS JOIN (SELECT payload_sealed FROM stripe_events WHERE project_id = $1 LIMIT 1) AS event`,
      [template, from, Math.min(from + CHUNK, events) - 1, projects],
    );
  }
  // Its handling has made a row to lock for each of their objects.
  await client.query(
    `INSERT INTO stripe_config_locks
      SELECT DISTINCT project_id, 'object ' || (hashtextextended(mode || object_id, 0) & 63) FROM stripe_events
      WHERE project_id <> $1`,
    [template],
  );
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
}
