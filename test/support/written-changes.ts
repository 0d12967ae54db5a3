import { prepareText, statement, text, valuesInOrder } from '../../src/payments/database/statement.js';
import { AUDITED, ENTRY } from '../../src/payments/stripe-config/audit-trail.js';
import { INSERT_CONFIGS } from '../../src/payments/stripe-config/import.statements.js';
import { UPDATE_TO_NEXT } from '../../src/payments/stripe-config/stripe-config.statements.js';

/** A database, or one connection. */
interface Client {
  query(statement: string, values: unknown[]): Promise<unknown>;
}

/** A change of nothing but the version. */
const MOVE_VERSION = statement({
  name: 'move_version',
  parameters: { project_id: text, changed_by: text },
  columns: {},
  text: `
  WITH before AS (
    SELECT * FROM stripe_configs WHERE project_id = :project_id FOR NO KEY UPDATE
  ), next AS (
    SELECT project_id, is_active, sealed, shown, fingerprints, expires_at, configured_at, updated_at, version + 1 AS version,
      :changed_by::text AS changed_by, change_request_id, true AS is_change, gen_random_uuid() AS actor_salt,
      is_active AS was_active, sealed AS sealed_before, shown AS shown_before, trail_hash AS previous_hash
    FROM before
  ), ${ENTRY}, written AS (${UPDATE_TO_NEXT}), ${AUDITED}
  SELECT FROM written`,
});

/** Stores a configuration without credentials, with its row of the trail. */
export async function createConfig(client: Client, projectId: string): Promise<void> {
  await run(client, INSERT_CONFIGS, {
    configs: [{ project_id: projectId, sealed: {}, shown: {}, fingerprints: {} }],
    changed_by: '',
    change_request_id: '00000000-0000-4000-8000-000000000000',
  });
}

/** Moves the version of a configuration, with its row of the trail. */
export async function moveVersion(client: Client, projectId: string, actor: string): Promise<void> {
  await run(client, MOVE_VERSION, { project_id: projectId, changed_by: actor });
}

async function run(
  client: Client,
  each: typeof MOVE_VERSION | typeof INSERT_CONFIGS,
  values: Record<string, unknown>,
): Promise<void> {
  const { sql, order } = prepareText(each, undefined);
  await client.query(sql, valuesInOrder(each, order, values));
}
