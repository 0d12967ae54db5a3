import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { Sealer } from '../crypto/sealer.js';
import { Secret } from '../crypto/secret.js';
import { runStatement } from '../database/run-statement.js';
import { KeyRingCheck } from '../key-ring/key-ring-check.js';
import { DependencyUnavailable, PaymentsError } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import type { Mode } from '../domain/credentials.js';
import { traceParent } from '../telemetry/tracing.js';
import { EventWorker } from './event-worker.js';
import { readEvent } from './received-event.js';
import { findSigningSecret, parseSignature, type Signature } from './signature.js';
import { STORE_EVENT } from './stripe-event.statements.js';
import { eventContext } from '../crypto/sealer.js';
import { WebhookMonitor } from './webhook-monitor.js';
import type { WebhookFault } from './webhook-monitor.statements.js';
import { WebhookSecretStore, type WebhookSecrets } from './webhook-secrets.js';

const ACCEPTED = ['stored', 'stored_before', 'ignored'] as const;

/** What became of a webhook that is acknowledged. */
export type Accepted = (typeof ACCEPTED)[number];

function isAccepted(outcome: string): outcome is Accepted {
  return ACCEPTED.some((each) => each === outcome);
}

/** How often a webhook secret may change while one webhook is handled. */
const MAX_ATTEMPTS = 5;

/** Receives webhooks: verifies each and stores its event once, before it is acknowledged. */
@Injectable()
export class WebhookService {
  private readonly logger = new PaymentsLogger(WebhookService.name);

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly keyRing: KeyRingCheck,
    private readonly secrets: WebhookSecretStore,
    private readonly monitor: WebhookMonitor,
    private readonly worker: EventWorker,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'clock'>,
  ) {}

  /**
   * @returns what became of it, for the metrics
   * @param header `Stripe-Signature`
   * @param readBody gives the body's bytes; called only where webhooks are accepted and the header is well-formed
   * @throws PaymentsError `webhook_not_found`; `invalid_signature`, for any fault as long as no signature of Stripe was
   *   verified; after that `stale_signature`, `unreadable_event` or `wrong_mode_event`
   * @throws DependencyUnavailable when it cannot be stored now; Stripe will send it again
   */
  async receive(
    projectId: string,
    mode: Mode,
    header: string,
    readBody: () => Promise<Buffer>,
  ): Promise<Accepted> {
    const cached = this.secrets.cached(projectId, mode);
    let secrets = cached ?? (await this.load(projectId, mode));
    let isFresh = cached === undefined;
    const signature = parseSignature(header);
    if (signature === undefined) throw this.refuse(projectId, mode, 'wrong_signature');
    const body = await readBody();
    const now = this.options.clock() / 1000;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      const outcome = await this.accept(projectId, mode, signature, body, secrets, now);
      if (isAccepted(outcome)) return outcome;
      if (outcome !== 'outdated' && (isFresh || !this.secrets.mayReload(projectId, mode))) {
        throw this.refuse(projectId, mode, outcome);
      }
      // Cached secrets may be out of date: a new one was stored, or the webhook closed.
      secrets = await this.load(projectId, mode);
      isFresh = true;
    }
    throw new DependencyUnavailable('database', { cause: new SecretChangedRepeatedly() });
  }

  private async load(projectId: string, mode: Mode): Promise<WebhookSecrets> {
    const secrets = await this.secrets.load(projectId, mode);
    if (secrets !== undefined) return secrets;
    throw webhookNotFound();
  }

  /** @returns `outdated` when the secret that verified it is no longer one that the configuration accepts */
  private async accept(
    projectId: string,
    mode: Mode,
    signature: Signature,
    body: Buffer,
    { keys }: WebhookSecrets,
    now: number,
  ): Promise<Accepted | 'outdated' | WebhookFault> {
    const secrets = keys.map(({ key }) => key);
    const found = findSigningSecret(signature, body, secrets, now);
    const used = found === undefined ? undefined : keys[found.index];
    if (found === undefined || used === undefined) return 'wrong_signature';
    if (found.isStale) return 'stale_signature';
    const payload = decode(body);
    const event = payload === undefined ? 'unreadable' : readEvent(payload, mode);
    if (payload === undefined || event === 'unreadable') return 'unreadable_event';
    if (event === 'other_mode') return 'wrong_mode_event';
    if (event === 'connect_test') {
      this.monitor.ignored(projectId, mode);
      return 'ignored';
    }
    this.keyRing.requireFit();
    const [row] = await runStatement(this.database, 'write', STORE_EVENT, {
      project_id: projectId,
      mode,
      secret_sealed: used.sealed,
      fingerprint: used.fingerprint,
      event_id: event.id,
      type: event.type,
      object_id: event.objectId,
      created_at: event.createdAt,
      payload_sealed: this.sealer.seal(new Secret(payload), eventContext(projectId, mode, event.id)),
      trace_parent: traceParent(),
    });
    if (row === undefined) return 'outdated';
    // What was read as the current secret may have been replaced since.
    this.monitor.verified(projectId, mode, row.is_present ? row.version : null);
    this.worker.wake();
    return row.again > 0 ? 'stored_before' : 'stored';
  }

  private refuse(projectId: string, mode: Mode, fault: WebhookFault): PaymentsError {
    this.monitor.failed(projectId, mode, fault);
    // Anybody can send wrong signatures; the other faults need Stripe's, so they cannot flood the log.
    if (fault === 'wrong_signature') return new PaymentsError('invalid_signature', REFUSALS[fault]);
    this.logger.write('webhook.rejected', { projectId, mode, reason: fault });
    return new PaymentsError(fault, REFUSALS[fault]);
  }
}

const REFUSALS: Record<WebhookFault, string> = {
  wrong_signature:
    'This is no webhook of Stripe for this address; check that the signing secret of this endpoint is the stored one.',
  stale_signature:
    'The signature is right, but more than 5 minutes old or ahead; check the clock of this service, and let Stripe send the event again.',
  unreadable_event:
    'The signature is right, but the body is no event that can be read; check what this endpoint is set to send.',
  wrong_mode_event:
    'The signature is right, but the event belongs to the other mode; register the address of that mode in Stripe.',
};

/** The webhook secret was replaced each time between reading it and storing the event. */
class SecretChangedRepeatedly extends Error {
  override name = 'SecretChangedRepeatedly';
}

/** An address that accepts no webhooks, whatever the reason. */
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
