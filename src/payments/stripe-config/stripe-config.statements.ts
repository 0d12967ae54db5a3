import type { Statement } from '../database.js';
import { CREDENTIAL_FIELDS, modeOf, type CredentialField, type Mode } from './stripe-keys.js';

/**
 * The SQL of the feature, each text made once. Sealed values and fingerprints go in and never come out:
 * every statement returns the same harmless columns.
 */
const VIEW = [
  'id',
  'project_id',
  'is_active',
  ...CREDENTIAL_FIELDS.map((field) => `${field}_masked`),
  'test_configured_at',
  'live_configured_at',
  'created_at',
  'updated_at',
].join(', ');

/** `$1` project id. */
export const FIND: Statement = {
  name: 'stripe_configs_find',
  text: `SELECT ${VIEW} FROM stripe_configs WHERE project_id = $1`,
};

/** `$1` array of project ids. */
export const FIND_MANY: Statement = {
  name: 'stripe_configs_find_many',
  text: `SELECT ${VIEW} FROM stripe_configs WHERE project_id = ANY ($1)`,
};

/** The columns of a credential, in the order of the upsert's parameters. */
export const CREDENTIAL_COLUMNS = ['sealed', 'masked', 'fingerprint'] as const;

const COLUMNS = CREDENTIAL_FIELDS.flatMap((field) =>
  CREDENTIAL_COLUMNS.map((column) => `${field}_${column}`),
);

function parameterOf(field: CredentialField): string {
  return `$${2 + CREDENTIAL_FIELDS.indexOf(field) * CREDENTIAL_COLUMNS.length}`;
}

function nowIfAnyOf(mode: Mode): string {
  const parameters = CREDENTIAL_FIELDS.filter((field) => modeOf(field) === mode).map(parameterOf);
  return `CASE WHEN num_nonnulls(${parameters.join(', ')}) > 0 THEN now() END`;
}

/** A credential of the new row must differ from the other mode's, unless that one is replaced as well. */
function differsFromStored(field: CredentialField, other: CredentialField, fingerprints: string): string {
  return `(excluded.${other}_sealed IS NOT NULL OR excluded.${field}_sealed IS NULL
    OR config.${other}_fingerprint IS NULL OR config.${other}_fingerprint <> ALL (${fingerprints}))`;
}

/**
 * Creates or updates a configuration; what is null in the parameters stays as it is stored. One statement, so that
 * concurrent changes of different fields lose nothing. `now()` is when the statement began, which may be before the
 * row's last change, so times are kept from going backwards.
 *
 * - `$1` project id
 * - `$2` to `$19` the credentials in documented order, each as {@link CREDENTIAL_COLUMNS}
 * - `$20`, `$21` arrays of every fingerprint that the new test and live webhook secret may have been stored under
 *
 * Returns no row when a new webhook secret equals the one stored for the other mode.
 */
export const UPSERT: Statement = {
  name: 'stripe_configs_upsert',
  text: `
  INSERT INTO stripe_configs AS config (project_id, ${COLUMNS.join(', ')}, test_configured_at, live_configured_at)
  VALUES ($1, ${COLUMNS.map((_, index) => `$${index + 2}::text`).join(', ')}, ${nowIfAnyOf('test')}, ${nowIfAnyOf('live')})
  ON CONFLICT (project_id) DO UPDATE SET
    is_active = true,
    ${COLUMNS.map((column) => `${column} = coalesce(excluded.${column}, config.${column})`).join(',\n    ')},
    test_configured_at = greatest(excluded.test_configured_at, config.test_configured_at),
    live_configured_at = greatest(excluded.live_configured_at, config.live_configured_at),
    updated_at = CASE
      WHEN config.is_active AND num_nonnulls(excluded.test_configured_at, excluded.live_configured_at) = 0
      THEN config.updated_at
      ELSE greatest(excluded.updated_at, config.updated_at)
    END
  WHERE ${differsFromStored('test_webhook_secret', 'live_webhook_secret', '$20::text[]')}
    AND ${differsFromStored('live_webhook_secret', 'test_webhook_secret', '$21::text[]')}
  RETURNING ${VIEW}`,
};

/** Deactivates and erases. `$1` project id. Returns no row when the project never had a configuration. */
export const DEACTIVATE: Statement = {
  name: 'stripe_configs_deactivate',
  text: `
  UPDATE stripe_configs SET
    ${COLUMNS.map((column) => `${column} = NULL`).join(',\n    ')},
    test_configured_at = NULL,
    live_configured_at = NULL,
    updated_at = CASE WHEN is_active THEN greatest(now(), updated_at) ELSE updated_at END,
    is_active = false
  WHERE project_id = $1
  RETURNING ${VIEW}`,
};
