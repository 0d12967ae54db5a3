import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, Optional } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import type { KeyRing } from '../crypto/key-ring.js';
import { Sealer } from '../crypto/sealer.js';
import { Secret } from '../crypto/secret.js';
import { runStatement } from '../database/run-statement.js';
import type { RowOf } from '../database/statement.js';
import { ExplainedError } from '../domain/explained-error.js';
import { Gauges } from '../options/gauges.js';
import { CurrentKeyRing } from './current-key-ring.js';
import { FIND_KEYS, REGISTER_KEYS, REPORT_REPLICA, SIGN_OFF } from './key-ring.statements.js';
import { DependencyUnavailable } from '../domain/errors.js';

const NOT_CHECKED = 'the key ring has not been checked yet';

/** How old a finding may be and still count as one, in milliseconds: a check comes every minute, and may take some time. */
const CURRENT_MS = 90_000;

const CANARY = 'canary';
const CANARY_CONTEXT = { purpose: 'canary', projectId: '', mode: '', field: '' } as const;

/**
 * Checks that the key ring fits the database: every key opens the canary that was sealed under it, and no key that
 * has sealed values is missing from the ring.
 */
@Injectable()
export class KeyRingCheck {
  /** What is wrong, for the operator; undefined while the ring fits. Names key ids, never a byte of a key. */
  fault: string | undefined = NOT_CHECKED;

  private readonly logger = new PaymentsLogger(KeyRingCheck.name);
  private readonly replicaId = randomUUID();
  private checkedAt = -Infinity;
  /** As the last check has found them. */
  private known: readonly RowOf<typeof FIND_KEYS>[] = [];

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly keys: CurrentKeyRing,
    @Optional() gauges?: Gauges,
  ) {
    gauges?.watch('stripe_config.key_ring.fit', () => [[this.isKnownToFit() ? 1 : 0, {}]]);
    gauges?.watch('stripe_config.key.rows', () =>
      this.known.flatMap(({ key_id, row_count }) =>
        row_count === null
          ? []
          : [
              [
                row_count,
                { 'stripe_config.key.id': key_id, 'stripe_config.key.active': this.isActive(key_id) },
              ],
            ],
      ),
    );
    gauges?.watch('stripe_config.key.rewrap.remaining', () =>
      this.known.flatMap(({ key_id, rewrap_remaining }) =>
        rewrap_remaining === null || this.isActive(key_id) === 'false' ? [] : [[rewrap_remaining, {}]],
      ),
    );
  }

  /**
   * Checks the ring in use, and reports it for `keys status`.
   *
   * @throws DependencyUnavailable when the database does not answer; `fault` then stays what it was
   */
  async check(): Promise<void> {
    const { ring } = this.keys;
    const fault = await this.findFault(ring);
    await this.report(ring);
    if (fault !== undefined && fault !== this.fault) this.logger.write('key_ring.mismatch', { fault });
    if (fault === undefined && this.fault !== undefined) this.logger.write('key_ring.verified');
    this.fault = fault;
    this.checkedAt = performance.now();
  }

  /**
   * Replaces the ring, unless the new one does not fit the database: then the old one stays in use.
   *
   * @returns what is wrong with it, or undefined when it is in use
   */
  async replaceRing(ring: KeyRing): Promise<string | undefined> {
    const fault = await this.findFault(ring);
    if (fault !== undefined) return fault;
    await this.report(ring);
    this.keys.replace(ring);
    this.fault = undefined;
    this.checkedAt = performance.now();
    return undefined;
  }

  /**
   * @throws DependencyUnavailable when the ring was found not to fit: other replicas might not open what it seals
   */
  requireFit(): void {
    if (this.fault !== undefined && this.fault !== NOT_CHECKED) {
      throw new DependencyUnavailable('key ring', { cause: new ExplainedError(this.fault) });
    }
  }

  /** Removes this replica from those that hold a ring. */
  async signOff(): Promise<void> {
    await runStatement(this.database, 'write', SIGN_OFF, { replica_id: this.replicaId });
  }

  /** A ring that does not fit is not registered: its keys would count as missing on every correct replica. */
  private async findFault(ring: KeyRing): Promise<string | undefined> {
    const fault = await this.compare(ring);
    if (fault !== undefined) return fault;
    const canaries = ring.usable.map((key) => Sealer.sealUnder(key, new Secret(CANARY), CANARY_CONTEXT));
    await runStatement(this.database, 'write', REGISTER_KEYS, {
      key_ids: ring.usable.map(({ id }) => id),
      canaries,
      active_key_id: ring.active.id,
    });
    // Another replica may have registered a key meanwhile.
    return this.compare(ring);
  }

  /** `fault` stays what it was while the database does not answer, which is no news of the ring. */
  private isKnownToFit(): boolean {
    return this.fault === undefined && performance.now() - this.checkedAt < CURRENT_MS;
  }

  private isActive(keyId: string): 'true' | 'false' {
    return keyId === this.keys.ring.active.id ? 'true' : 'false';
  }

  private async report(ring: KeyRing): Promise<void> {
    await runStatement(this.database, 'write', REPORT_REPLICA, {
      replica_id: this.replicaId,
      ring_fingerprint: ring.fingerprint(),
      active_key_id: ring.active.id,
      host_name: hostname(),
    });
  }

  private async compare(ring: KeyRing): Promise<string | undefined> {
    const keys = await runStatement(this.database, 'read', FIND_KEYS, {});
    this.known = keys;
    const sealer = new Sealer(ring);
    for (const { key_id, canary, is_activated } of keys) {
      if (ring.find(key_id) !== undefined) {
        if (sealer.tryToOpen(canary, CANARY_CONTEXT)?.reveal() !== CANARY)
          return `the canary of key ${key_id} cannot be opened; the key or the row is damaged`;
      } else if (is_activated) {
        return `the database has values under key ${key_id}, which the key ring lacks; restore it from its backup`;
      }
    }
    return undefined;
  }
}
