import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Sealer } from '../crypto/sealer.js';
import { Secret } from '../crypto/secret.js';
import { PAYMENTS_DATA_SOURCE, runStatement } from '../database.js';
import { KeyRingMonitor } from '../key-custody/key-ring-monitor.js';
import { DependencyUnavailable, PaymentsError } from '../payments.errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../payments.options.js';
import type { Mode } from '../stripe-config/stripe-keys.js';
import { EventWorker } from './event-worker.js';
import { readEvent } from './received-event.js';
import { findSigningSecret } from './signature.js';
import { STORE_EVENT, eventContext } from './stripe-event.statements.js';
import { WebhookMonitor } from './webhook-monitor.js';
import { WebhookSecretStore, type WebhookSecrets } from './webhook-secrets.js';

/** How often a configuration may change under one webhook. */
const MAX_ATTEMPTS = 5;

/** Takes webhooks: verifies each and stores its event once, before it is acknowledged. */
@Injectable()
export class WebhookService {
  constructor(
    @Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource,
    private readonly sealer: Sealer,
    private readonly keyRing: KeyRingMonitor,
    private readonly secrets: WebhookSecretStore,
    private readonly monitor: WebhookMonitor,
    private readonly worker: EventWorker,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'clock'>,
  ) {}

  /**
   * @param signature the header `Stripe-Signature`
   * @param readBody gives the body's bytes; called only where webhooks are accepted
   * @throws PaymentsError `webhook_not_found` or `invalid_signature`, the same for whatever is wrong with either
   * @throws DependencyUnavailable when it cannot be stored now; Stripe will send it again
   */
  async receive(
    projectId: string,
    mode: Mode,
    signature: string,
    readBody: () => Promise<Buffer>,
  ): Promise<void> {
    const kept = this.secrets.recall(projectId, mode);
    let secrets = kept ?? (await this.load(projectId, mode));
    let isFresh = kept === undefined;
    const body = await readBody();
    const now = this.options.clock() / 1000;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const outcome = await this.accept(projectId, mode, signature, body, secrets, now);
      if (outcome === 'stored') return;
      if (outcome === 'not verified' && isFresh) {
        this.monitor.failed(projectId, mode);
        throw new PaymentsError(
          'invalid_signature',
          'This is no webhook of Stripe for this address; check that the signing secret of this endpoint is the stored one.',
        );
      }
      // Kept secrets may be out of date: a new one was stored, or the webhook closed.
      secrets = await this.load(projectId, mode);
      isFresh = true;
    }
    throw new DependencyUnavailable('database');
  }

  private async load(projectId: string, mode: Mode): Promise<WebhookSecrets> {
    const secrets = await this.secrets.load(projectId, mode);
    if (secrets !== undefined) return secrets;
    throw webhookNotFound();
  }

  /** @returns `outdated` when the configuration is no longer the one that the secrets were read from */
  private async accept(
    projectId: string,
    mode: Mode,
    signature: string,
    body: Buffer,
    { version, keys }: WebhookSecrets,
    now: number,
  ): Promise<'stored' | 'not verified' | 'outdated'> {
    const index = findSigningSecret(signature, body, keys, now);
    if (index === undefined) return 'not verified';
    const payload = decode(body);
    const event = payload === undefined ? undefined : readEvent(payload, mode);
    if (payload === undefined || event === undefined) return 'not verified';
    this.keyRing.requireFit();
    const [row] = await runStatement<{ current: boolean }>(this.dataSource, 'write', STORE_EVENT, [
      projectId,
      mode,
      version,
      event.id,
      event.type,
      event.objectId,
      event.createdAt,
      this.sealer.seal(new Secret(payload), eventContext(projectId, mode, event.id)),
    ]);
    if (row?.current !== true) return 'outdated';
    this.monitor.verified(projectId, mode, index === 0 ? version : null);
    this.worker.wake();
    return 'stored';
  }
}

/** An address that takes no webhooks, whatever the reason. */
export function webhookNotFound(): PaymentsError {
  return new PaymentsError(
    'webhook_not_found',
    'No webhooks are taken at this address; store a webhook secret for this project and mode first.',
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(body: Buffer): string | undefined {
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}
