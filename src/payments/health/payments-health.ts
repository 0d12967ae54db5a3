import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { RepeatedFault } from '../database/repeated-fault.js';
import { runStatement } from '../database/run-statement.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { KeyRingCheck } from '../key-ring/key-ring-check.js';
import { LOOK_AT_TABLES } from './health.statements.js';

/** The answer of a health indicator, in the form that `@nestjs/terminus` takes. */
export type HealthAnswer<Key extends string = string> = Record<
  Key,
  { status: 'up' } | { status: 'down'; message: string }
>;

/**
 * Health indicators for the application's own health checks, such as those of `@nestjs/terminus`. Answers may be shown to
 * anybody: they name no address, no version and no key. The log has the cause.
 */
@Injectable()
export class PaymentsHealth {
  private readonly fault = new RepeatedFault(
    new PaymentsLogger(PaymentsHealth.name),
    'database.check_failed',
    'database.check_recovered',
  );

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly source: Database,
    private readonly keyRingCheck: KeyRingCheck,
  ) {}

  /** Whether the database answers in time and has the module's tables. */
  async database<const Key extends string>(key: Key): Promise<HealthAnswer<Key>> {
    try {
      await runStatement(this.source, 'read', LOOK_AT_TABLES, {});
      this.fault.worked();
      return answer(key);
    } catch (error) {
      this.fault.failed(error);
      const isAway = error instanceof DependencyUnavailable;
      return answer(
        key,
        isAway ? 'the database does not answer' : 'the tables of paymentsMigrations cannot be read',
      );
    }
  }

  /** Whether the key ring opens what is stored, as it was found at its last check, which is repeated every minute. */
  keyRing<const Key extends string>(key: Key): HealthAnswer<Key> {
    const isFit = this.keyRingCheck.fault === undefined;
    return isFit ? answer(key) : answer(key, 'the key ring is not known to open what is stored');
  }
}

function answer<Key extends string>(key: Key, message?: string): HealthAnswer<Key> {
  const state = message === undefined ? { status: 'up' } : { status: 'down', message };
  return { [key]: state } as HealthAnswer<Key>;
}
