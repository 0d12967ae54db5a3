import type { Statement } from '../database/run-statement.js';
import { timeColumn } from '../database/result-types.js';
import type { StripeConfigView } from './stripe-config.entity.js';
import {
  CREDENTIAL_FIELDS,
  MODES,
  SEALED_FIELDS,
  modeOf,
  type CredentialField,
  type Mode,
  type SealedField,
} from '../domain/credentials.js';

/**
 * The SQL of the feature, each text made once. Fingerprints go in and never come out, sealed values only through
 * {@link FIND_SEALED}: every other statement returns the same harmless columns.
 */
const VIEW = [
  'id',
  'project_id',
  'is_active',
  ...CREDENTIAL_FIELDS.map((field) => `${field}_masked`),
  ...['test_configured_at', 'live_configured_at', 'created_at', 'updated_at'].map((column) =>
    timeColumn(column),
  ),
  'version',
].join(', ');

/** What a write returns: the request id is the writer's own where something has changed. */
const WRITTEN = `${VIEW}, change_request_id`;

/** What a write returns. */
export type WrittenRow = StripeConfigView & { change_request_id: string };

/** `$1` project id. */
export const FIND: Statement = {
  name: 'stripe_configs_find',
  text: `SELECT ${VIEW} FROM stripe_configs WHERE project_id = $1`,
};

/** A configuration's sealed values, for the code that opens them. */
export type SealedRow = { id: string; project_id: string } & Record<`${SealedField}_sealed`, string | null>;

/** The columns of a {@link SealedRow}. */
export const SEALED_COLUMNS = `id, project_id, ${SEALED_FIELDS.map((field) => `${field}_sealed`).join(', ')}`;

/** Gives sealed values. `$1` project id. */
export const FIND_SEALED: Statement = {
  name: 'stripe_configs_find_sealed',
  text: `SELECT ${SEALED_COLUMNS} FROM stripe_configs WHERE project_id = $1`,
};

/** What verifies a mode's webhooks: the stored secret, and the one before while it is still accepted. */
export interface WebhookSecretsRow {
  project_id: string;
  current: string;
  previous: string | null;
  /** Of the stored secret. */
  fingerprint: string;
  /** How long the previous one is still accepted, in milliseconds. */
  previous_ms_left: number | null;
}

/** Gives a {@link WebhookSecretsRow} for each project, or none where no webhook is accepted. `$1` array of project ids. */
export const FIND_WEBHOOK_SECRETS: Record<Mode, Statement> = {
  test: findWebhookSecrets('test'),
  live: findWebhookSecrets('live'),
};

function findWebhookSecrets(mode: Mode): Statement {
  const previous = `${mode}_previous_webhook_secret`;
  return {
    name: `stripe_configs_find_${mode}_webhook_secrets`,
    text: `
    SELECT project_id, ${mode}_webhook_secret_sealed AS current, ${mode}_webhook_secret_fingerprint AS fingerprint,
      CASE WHEN ${previous}_expires_at > now() THEN ${previous}_sealed END AS previous,
      (extract(epoch FROM ${previous}_expires_at - now()) * 1000)::bigint AS previous_ms_left
    FROM stripe_configs WHERE project_id = ANY ($1) AND is_active AND ${mode}_webhook_secret_sealed IS NOT NULL`,
  };
}

/** `$1` array of project ids. */
export const FIND_MANY: Statement = {
  name: 'stripe_configs_find_many',
  text: `SELECT ${VIEW} FROM stripe_configs WHERE project_id = ANY ($1)`,
};

/** The versions of configurations. `$1` array of project ids. */
export const FIND_VERSIONS: Statement = {
  name: 'stripe_configs_find_versions',
  text: 'SELECT project_id, version FROM stripe_configs WHERE project_id = ANY ($1)',
};

/** The columns of a credential, in the order of the upsert's parameters. */
const CREDENTIAL_COLUMNS = ['sealed', 'masked', 'fingerprint'] as const;

/** The parameters of {@link UPSERT}, each name once, so that texts and values cannot fall apart. */
const PARAMETERS = [
  'project_id',
  ...CREDENTIAL_FIELDS.flatMap((field) => CREDENTIAL_COLUMNS.map((column) => `${field}_${column}` as const)),
  ...CREDENTIAL_FIELDS.map((field) => `${field}_fingerprints` as const),
  'changed_by',
  'change_request_id',
  'expected_versions',
  'must_exist',
  'create_only',
  'overlap_seconds',
] as const;

/** Who changes a configuration, and in which state it must be for that. */
export interface UpsertValues {
  /** Lower case UUID. */
  project_id: string;
  /** What to write; a field that is left out stays as it is. */
  credentials: ReadonlyMap<CredentialField, ProtectedCredential>;
  changed_by: string;
  /** UUID. */
  change_request_id: string;
  /** The versions of which one must be the stored one; null: any. */
  expected_versions: readonly number[] | null;
  /** Whether a configuration must be stored already. */
  must_exist: boolean;
  /** Whether none may be stored yet. */
  create_only: boolean;
  /** How long a webhook secret that is replaced is still accepted; 0: not at all. */
  overlap_seconds: number;
}

/** A credential in the form in which it may be stored. */
export interface ProtectedCredential {
  sealed: string;
  masked: string;
  /** Every fingerprint under which the same secret may be stored; the first is stored. */
  fingerprints: readonly [string, ...string[]];
}

/** The values of {@link UPSERT} in the order of its parameters. */
export function upsertParameters({ credentials, ...rest }: UpsertValues): unknown[] {
  const values: Record<string, unknown> = { ...rest };
  for (const [field, { sealed, masked, fingerprints }] of credentials) {
    values[`${field}_sealed`] = sealed;
    values[`${field}_masked`] = masked;
    values[`${field}_fingerprint`] = fingerprints[0];
    values[`${field}_fingerprints`] = fingerprints;
  }
  return PARAMETERS.map((name) => values[name] ?? null);
}

function parameter(name: (typeof PARAMETERS)[number]): string {
  return `$${PARAMETERS.indexOf(name) + 1}`;
}

const COLUMNS = CREDENTIAL_FIELDS.flatMap((field) =>
  CREDENTIAL_COLUMNS.map((column) => `${field}_${column}` as const),
);

function fieldsOf(mode: Mode): CredentialField[] {
  return CREDENTIAL_FIELDS.filter((field) => modeOf(field) === mode);
}

function nowIfAnyOf(mode: Mode): string {
  const parameters = fieldsOf(mode).map((field) => parameter(`${field}_sealed`));
  return `CASE WHEN num_nonnulls(${parameters.join(', ')}) > 0 THEN now() END`;
}

/** Whether the update changes a field: one that is stored already is sent back by forms and scripts, and is no change. */
function isWritten(field: CredentialField): string {
  const fingerprints = `${parameter(`${field}_fingerprints`)}::text[]`;
  return `(excluded.${field}_sealed IS NOT NULL
    AND (config.${field}_fingerprint IS NULL OR config.${field}_fingerprint <> ALL (${fingerprints})))`;
}

/** What is stored of a field. Where nothing changes, the same value is sealed again all the same: it may be unreadable. */
function valueOf(field: CredentialField, column: string): string {
  return `CASE WHEN ${isWritten(field)} OR (excluded.${field}_sealed IS NOT NULL AND NOT ${IS_CHANGED})
    THEN excluded.${field}_${column} ELSE config.${field}_${column} END`;
}

function isAnyWritten(fields: readonly CredentialField[]): string {
  return fields.map(isWritten).join(' OR ');
}

const IS_CHANGED = `(NOT config.is_active OR ${isAnyWritten(CREDENTIAL_FIELDS)})`;

type WebhookField = Extract<CredentialField, `${Mode}_webhook_secret`>;

/** Another webhook secret than the stored one makes that the previous one, for a while. */
function keepPrevious(mode: Mode): string {
  const field = `${mode}_webhook_secret` as const;
  const isReplaced = `(excluded.${field}_sealed IS NOT NULL AND config.${field}_fingerprint IS NOT NULL
      AND config.${field}_fingerprint <> ALL (${parameter(`${field}_fingerprints`)}::text[]))`;
  const isKept = `${parameter('overlap_seconds')}::float8 > 0`;
  const values = {
    sealed: `config.${field}_sealed`,
    masked: `config.${field}_masked`,
    expires_at: `now() + make_interval(secs => ${parameter('overlap_seconds')}::float8)`,
  };
  return Object.entries(values)
    .map(
      ([part, value]) => `${mode}_previous_webhook_secret_${part} = CASE WHEN ${isReplaced}
      THEN CASE WHEN ${isKept} THEN ${value} END ELSE config.${mode}_previous_webhook_secret_${part} END`,
    )
    .join(',\n    ');
}

/** A webhook secret must differ from the other mode's, unless that one is replaced as well. */
function differsFromStored(field: WebhookField, other: WebhookField): string {
  return `(excluded.${other}_sealed IS NOT NULL OR excluded.${field}_sealed IS NULL
    OR config.${other}_fingerprint IS NULL
    OR config.${other}_fingerprint <> ALL (${parameter(`${field}_fingerprints`)}::text[]))`;
}

/**
 * Creates or updates a configuration; what is null in the parameters stays as it is stored. One statement, so that
 * concurrent changes of different fields lose nothing. `now()` is when the statement began, which may be before the
 * row's last change, so times are kept from going backwards. The audit trail is written by a trigger.
 *
 * Returns no row when a new webhook secret equals the one stored for the other mode, or a version is not the expected.
 */
export const UPSERT: Statement = {
  name: 'stripe_configs_upsert',
  text: `
  INSERT INTO stripe_configs AS config (
    project_id, ${COLUMNS.join(', ')}, test_configured_at, live_configured_at,
    version, changed_by, change_request_id
  )
  SELECT
    ${parameter('project_id')}::uuid, ${COLUMNS.map((column) => `${parameter(column)}::text`).join(', ')},
    ${nowIfAnyOf('test')}, ${nowIfAnyOf('live')},
    1, ${parameter('changed_by')}::text, ${parameter('change_request_id')}::uuid
  WHERE NOT ${parameter('must_exist')}::boolean
    OR EXISTS (SELECT FROM stripe_configs WHERE project_id = ${parameter('project_id')}::uuid)
  ON CONFLICT (project_id) DO UPDATE SET
    is_active = true,
    ${CREDENTIAL_FIELDS.flatMap((field) =>
      CREDENTIAL_COLUMNS.map((column) => `${field}_${column} = ${valueOf(field, column)}`),
    ).join(',\n    ')},
    ${MODES.map(
      (mode) => `${mode}_configured_at = CASE WHEN ${isAnyWritten(fieldsOf(mode))}
      THEN greatest(excluded.${mode}_configured_at, config.${mode}_configured_at) ELSE config.${mode}_configured_at END`,
    ).join(',\n    ')},
    ${MODES.map(keepPrevious).join(',\n    ')},
    updated_at = CASE WHEN ${IS_CHANGED} THEN greatest(excluded.updated_at, config.updated_at) ELSE config.updated_at END,
    version = config.version + CASE WHEN ${IS_CHANGED} THEN 1 ELSE 0 END,
    changed_by = CASE WHEN ${IS_CHANGED} THEN excluded.changed_by ELSE config.changed_by END,
    change_request_id = CASE WHEN ${IS_CHANGED} THEN excluded.change_request_id ELSE config.change_request_id END
  WHERE ${differsFromStored('test_webhook_secret', 'live_webhook_secret')}
    AND ${differsFromStored('live_webhook_secret', 'test_webhook_secret')}
    AND NOT ${parameter('create_only')}::boolean
    AND (${parameter('expected_versions')}::integer[] IS NULL
      OR config.version = ANY (${parameter('expected_versions')}::integer[]))
  RETURNING ${WRITTEN}`,
};

/**
 * Deactivates and erases. `$1` project id, `$2` changed by, `$3` request id, `$4` expected versions or null.
 * Returns no row when the project never had a configuration, or its version is not the expected.
 */
export const DEACTIVATE: Statement = {
  name: 'stripe_configs_deactivate',
  text: `
  UPDATE stripe_configs SET
    ${COLUMNS.map((column) => `${column} = NULL`).join(',\n    ')},
    ${MODES.map(erasePrevious).join(',\n    ')},
    test_configured_at = NULL,
    live_configured_at = NULL,
    updated_at = CASE WHEN is_active THEN greatest(now(), updated_at) ELSE updated_at END,
    version = version + CASE WHEN is_active THEN 1 ELSE 0 END,
    changed_by = CASE WHEN is_active THEN $2 ELSE changed_by END,
    change_request_id = CASE WHEN is_active THEN $3 ELSE change_request_id END,
    is_active = false
  WHERE project_id = $1 AND ($4::integer[] IS NULL OR version = ANY ($4::integer[]))
  RETURNING ${WRITTEN}`,
};

function erasePrevious(mode: Mode): string {
  return ['sealed', 'masked', 'expires_at']
    .map((part) => `${mode}_previous_webhook_secret_${part} = NULL`)
    .join(', ');
}

/**
 * Ends the overlap of a replaced webhook secret at once. `$1` project id, `$2` changed by, `$3` request id.
 * Returns no row when the project never had a configuration.
 */
export const ERASE_PREVIOUS: Record<Mode, Statement> = {
  test: eraseNow('test'),
  live: eraseNow('live'),
};

function eraseNow(mode: Mode): Statement {
  const isKept = `${mode}_previous_webhook_secret_sealed IS NOT NULL`;
  return {
    name: `stripe_configs_erase_${mode}_previous`,
    text: `
  UPDATE stripe_configs SET
    ${erasePrevious(mode)},
    updated_at = CASE WHEN ${isKept} THEN greatest(now(), updated_at) ELSE updated_at END,
    version = version + CASE WHEN ${isKept} THEN 1 ELSE 0 END,
    changed_by = CASE WHEN ${isKept} THEN $2 ELSE changed_by END,
    change_request_id = CASE WHEN ${isKept} THEN $3 ELSE change_request_id END
  WHERE project_id = $1
  RETURNING ${WRITTEN}`,
  };
}

/** How many configurations {@link ERASE_EXPIRED} changes at once. */
export const ERASE_BATCH = 500;

/**
 * Erases previous webhook secrets whose time is over, of some configurations that nobody has locked, and returns a row for
 * each. They are refused from then on, erased or not. `$1` how many.
 */
export const ERASE_EXPIRED: Statement = {
  name: 'stripe_configs_erase_expired',
  text: `
  UPDATE stripe_configs SET
    ${MODES.flatMap((mode) =>
      ['sealed', 'masked', 'expires_at'].map((part) => {
        const column = `${mode}_previous_webhook_secret`;
        return `${column}_${part} = CASE WHEN ${column}_expires_at > now() THEN ${column}_${part} END`;
      }),
    ).join(',\n    ')}
  WHERE project_id IN (
    SELECT project_id FROM stripe_configs
    WHERE least(test_previous_webhook_secret_expires_at, live_previous_webhook_secret_expires_at) <= now()
    LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
  )
  RETURNING project_id`,
};

/** Whether a project was removed for good. `$1` project id. */
export const FIND_REMOVED: Statement = {
  name: 'stripe_removed_projects_find',
  text: 'SELECT project_id FROM stripe_removed_projects WHERE project_id = $1',
};

/**
 * Says which configurations have changed. `$1` array of project ids. A commit that notifies holds a lock of the whole
 * server until it ends, and this one is worth no wait for the disk or a standby.
 */
export const NOTIFY: Statement = {
  name: 'stripe_config_changed_notify',
  text: `SELECT set_config('synchronous_commit', 'off', true), count(pg_notify('stripe_config_changed', id))
    FROM unnest($1::text[]) AS id`,
};
