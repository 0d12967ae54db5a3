import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { KeyRing } from '../crypto/key-ring.js';
import { Sealer } from '../crypto/sealer.js';
import { Secret } from '../crypto/secret.js';
import { PAYMENTS_DATA_SOURCE, runStatement, type Statement } from '../database/run-statement.js';
import { ExplainedError } from '../domain/explained-error.js';
import { KeyRingInUse } from './key-ring-in-use.js';
import { DependencyUnavailable } from '../domain/errors.js';

/** `$1` and `$2` arrays of key ids and their canaries, `$3` the active key's id. */
const REGISTER_KEYS: Statement = {
  name: 'stripe_config_keys_register',
  text: `
  INSERT INTO stripe_config_keys AS key (key_id, canary, activated_at)
  SELECT key_id, canary, CASE WHEN key_id = $3 THEN now() END FROM unnest($1::text[], $2::text[]) AS ring (key_id, canary)
  ON CONFLICT (key_id) DO UPDATE SET activated_at = excluded.activated_at
  WHERE key.activated_at IS NULL AND excluded.activated_at IS NOT NULL`,
};

interface KnownKey {
  key_id: string;
  canary: string;
  /** Whether it may have sealed stored values. */
  is_activated: boolean;
}

const FIND_KEYS: Statement = {
  name: 'stripe_config_keys_find',
  text: 'SELECT key_id, canary, activated_at IS NOT NULL AS is_activated FROM stripe_config_keys',
};

/** `$1` replica id, `$2` ring fingerprint, `$3` active key id, `$4` host name. Forgets replicas that have been silent for a day. */
const REPORT_REPLICA: Statement = {
  name: 'stripe_config_replicas_report',
  text: `
  WITH forgotten AS (
    DELETE FROM stripe_config_replicas WHERE seen_at < now() - interval '1 day' AND replica_id <> $1
  )
  INSERT INTO stripe_config_replicas (replica_id, ring_fingerprint, active_key_id, host_name) VALUES ($1, $2, $3, $4)
  ON CONFLICT (replica_id) DO UPDATE
    SET ring_fingerprint = excluded.ring_fingerprint, active_key_id = excluded.active_key_id, seen_at = now()`,
};

/** `$1` replica id. */
const SIGN_OFF: Statement = {
  name: 'stripe_config_replicas_sign_off',
  text: 'DELETE FROM stripe_config_replicas WHERE replica_id = $1',
};

const NOT_CHECKED = 'the key ring has not been checked yet';

const CANARY = 'canary';
const CANARY_CONTEXT = { purpose: 'canary', projectId: '', mode: '', field: '' } as const;

/**
 * Watches that the key ring fits the database: every key opens the canary that was sealed under it, and no key that
 * has sealed values is missing here.
 */
@Injectable()
export class KeyRingMonitor {
  /** What is wrong, for the operator; undefined while all is well. Names key ids, never a byte of a key. */
  fault: string | undefined = NOT_CHECKED;

  private readonly logger = new Logger('Key ring');
  private readonly replicaId = randomUUID();

  constructor(
    @Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource,
    private readonly keys: KeyRingInUse,
  ) {}

  /**
   * Checks the ring in use, and reports it for `keys status`.
   *
   * @throws DependencyUnavailable when the database does not answer; `fault` then stays what it was
   */
  async check(): Promise<void> {
    const { ring } = this.keys;
    const fault = await this.findFault(ring);
    await this.report(ring);
    if (fault !== undefined && fault !== this.fault) this.logger.error({ event: 'key ring fault', fault });
    if (fault === undefined && this.fault !== undefined)
      this.logger.log({ event: 'key ring fits the database' });
    this.fault = fault;
  }

  /**
   * Takes up another ring, unless it does not fit the database: then the old one stays in use.
   *
   * @returns what is wrong with it, or undefined when it is in use
   */
  async replaceRing(ring: KeyRing): Promise<string | undefined> {
    const fault = await this.findFault(ring);
    if (fault !== undefined) return fault;
    await this.report(ring);
    this.keys.replace(ring);
    this.fault = undefined;
    return undefined;
  }

  /**
   * @throws DependencyUnavailable when the ring was found not to fit: what it seals, nobody else might open
   */
  requireFit(): void {
    if (this.fault !== undefined && this.fault !== NOT_CHECKED) {
      throw new DependencyUnavailable('key ring', { cause: new ExplainedError(this.fault) });
    }
  }

  /** Is no longer counted among those that hold a ring. */
  async signOff(): Promise<void> {
    await runStatement(this.dataSource, 'write', SIGN_OFF, [this.replicaId]);
  }

  /** A ring that does not fit is not registered: its keys would be missing on every replica that is right. */
  private async findFault(ring: KeyRing): Promise<string | undefined> {
    const fault = await this.compare(ring);
    if (fault !== undefined) return fault;
    const canaries = ring.usable.map((key) => Sealer.sealUnder(key, new Secret(CANARY), CANARY_CONTEXT));
    const ids = ring.usable.map(({ id }) => id);
    await runStatement(this.dataSource, 'write', REGISTER_KEYS, [ids, canaries, ring.active.id]);
    // Another replica may have registered a key meanwhile.
    return this.compare(ring);
  }

  private async report(ring: KeyRing): Promise<void> {
    const values = [this.replicaId, ring.fingerprint(), ring.active.id, hostname()];
    await runStatement(this.dataSource, 'write', REPORT_REPLICA, values);
  }

  private async compare(ring: KeyRing): Promise<string | undefined> {
    const keys = await runStatement<KnownKey>(this.dataSource, 'read', FIND_KEYS, []);
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
