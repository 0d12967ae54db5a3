import { Param, Req } from '@nestjs/common';
import { MODES, type Mode } from '../domain/credentials.js';
import { roleOf, subjectOf, type HttpRequest } from '../http/http-request.js';
import { GetRoute, ProjectRoutes } from '../http/routes.js';
import {
  StripeConfigHealthResponse,
  type ModeHealthResponse,
  type SecretKeyHealth,
  type WebhookEndpointHealth,
  type WebhookSecretHealth,
} from './config-health.dto.js';
import { ConfigHealthService, type ModeHealth } from './config-health.service.js';

@ProjectRoutes('config/health', 'Stripe Configuration')
export class ConfigHealthController {
  constructor(private readonly health: ConfigHealthService) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'getStripeConfigHealth',
    summary: 'Get Stripe Configuration Health',
    description:
      'Whether the stored keys work, asked of Stripe at most once a minute, and how webhooks have been doing.',
    response: StripeConfigHealthResponse,
    errors: ['config_not_found'],
  })
  async find(
    @Param('project_id') projectId: string,
    @Req() request: HttpRequest,
  ): Promise<StripeConfigHealthResponse> {
    const all = await Promise.all(
      MODES.map(async (mode) => [mode, await this.health.find(projectId, mode, subjectOf(request))] as const),
    );
    return {
      project_id: projectId,
      caller_role: roleOf(request),
      is_active: all.every(([, { is_active }]) => is_active),
      ...(Object.fromEntries(all.map(([mode, health]) => [mode, toResponse(health)])) as Record<
        Mode,
        ModeHealthResponse
      >),
    };
  }
}

function toResponse(health: ModeHealth): ModeHealthResponse {
  return {
    secret_key: toSecretKey(health),
    keys_of_same_account: health.keysOfSameAccount,
    webhook_secret: toWebhookSecret(health),
    webhook_endpoint: toWebhookEndpoint(health),
  };
}

function toSecretKey(health: ModeHealth): SecretKeyHealth {
  const unknown = { since: null, checked_at: null, account_id: null };
  if (!health.has_secret_key) return { status: 'not_stored', ...unknown };
  if (!health.isKeyReadable) return { status: 'unreadable', ...unknown };
  if (!health.isKeyKnown || health.key_status === null) return { status: 'unknown', ...unknown };
  return {
    status: health.key_status,
    since: health.key_status_since,
    checked_at: health.key_checked_at,
    account_id: health.account_id,
  };
}

function toWebhookSecret(health: ModeHealth): WebhookSecretHealth {
  const {
    has_webhook_secret,
    webhook_version,
    webhook_secret_version,
    previous_masked,
    previous_expires_at,
  } = health;
  const isVerified =
    has_webhook_secret && webhook_version !== null && webhook_version >= (webhook_secret_version ?? 0);
  return {
    status: !has_webhook_secret ? 'not_stored' : isVerified ? 'verified' : 'waiting',
    last_verified_at: isVerified ? health.webhook_verified_at : null,
    failures: health.webhook_failures,
    last_failure_at: health.webhook_failed_at,
    last_failure_reason: health.webhook_failure,
    ignored_test_events: health.webhook_ignored,
    previous:
      previous_masked === null || previous_expires_at === null
        ? null
        : {
            masked: previous_masked,
            accepted_until: previous_expires_at,
            last_verified_at: health.previous_verified_at,
          },
  };
}

function toWebhookEndpoint(health: ModeHealth): WebhookEndpointHealth | null {
  if (health.endpoint_id === null) return null;
  const isLeft = !health.is_active && health.endpoint_made_at !== null;
  return {
    id: health.endpoint_id,
    made_by: health.endpoint_made_at === null ? 'hand' : 'service',
    status: health.endpoint_removed_at !== null ? 'removed' : isLeft ? 'left_in_stripe' : 'in_use',
    since: health.endpoint_removed_at ?? health.endpoint_removal_failed_at,
  };
}
