import { boolean, integer, listOf, statement, text, word } from '../database/statement.js';
import type { Mode } from '../domain/credentials.js';

/** Why a webhook was refused. All but the first apply only to what Stripe has signed. */
export type WebhookFault = 'wrong_signature' | 'stale_signature' | 'unreadable_event' | 'wrong_mode_event';

/**
 * Records the results of webhooks of several modes: the version whose present secret verified an event (0: none did; a null in an
 * array depends on the setting `array_nulls`), whether the previous one did, the failures since an event was verified, why the
 * last one failed, and how many test events of connected accounts were ignored. Nothing of a project that was removed, and perhaps
 * erased, since.
 */
export const WRITE_WEBHOOKS = statement({
  name: 'stripe_config_states_write_webhooks',
  parameters: {
    project_ids: listOf(text),
    modes: listOf(word<Mode>()),
    versions: listOf(integer),
    previous: listOf(boolean),
    failures: listOf(integer),
    failure: listOf(text),
    ignored: listOf(integer),
  },
  columns: {},
  text: `
  INSERT INTO {schema}.stripe_config_states AS state (
    project_id, mode, webhook_version, webhook_verified_at, previous_verified_at, webhook_failures, webhook_failed_at,
    webhook_failure, webhook_ignored
  )
  SELECT config.project_id, mode, nullif(seen.version, 0), CASE WHEN seen.version > 0 THEN now() END, CASE WHEN previous THEN now() END,
    failures, CASE WHEN failures > 0 THEN now() END, CASE WHEN failures > 0 THEN failure END, ignored
  FROM unnest(
    :project_ids::text[], :modes::text[], :versions::integer[], :previous::boolean[], :failures::integer[], :failure::text[],
    :ignored::integer[]
  ) AS seen (project_id, mode, version, previous, failures, failure, ignored)
  JOIN {schema}.stripe_configs AS config ON config.project_id = seen.project_id
  WHERE config.project_id = ANY (:project_ids::text[]) AND removed_at IS NULL
  -- Two replicas that write the same rows in another order would wait for each other.
  ORDER BY config.project_id, mode
  ON CONFLICT (project_id, mode) DO UPDATE SET
    webhook_version = coalesce(excluded.webhook_version, state.webhook_version),
    webhook_verified_at = coalesce(excluded.webhook_verified_at, state.webhook_verified_at),
    previous_verified_at = coalesce(excluded.previous_verified_at, state.previous_verified_at),
    webhook_failed_at = coalesce(excluded.webhook_failed_at, state.webhook_failed_at),
    webhook_failure = coalesce(excluded.webhook_failure, state.webhook_failure),
    webhook_ignored = state.webhook_ignored + excluded.webhook_ignored,
    webhook_failures = excluded.webhook_failures + CASE
      WHEN coalesce(excluded.webhook_verified_at, excluded.previous_verified_at) IS NULL THEN state.webhook_failures
      ELSE 0
    END`,
});
