import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { countCall } from '../credential-checks/call-limit.js';
import type { Secret } from '../crypto/secret.js';
import { runStatement } from '../database/run-statement.js';
import { PaymentsError } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { checkKey } from '../stripe/check-key.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { looksLikeSameAccount } from './account-hint.js';
import { StripeConfigService, configNotFound } from '../stripe-config/stripe-config.service.js';
import type { Mode } from '../domain/credentials.js';
import { FIND_HEALTH, SAVE_KEY_STATE, type HealthRow } from './config-health.statements.js';

/** The health of one mode's credentials. */
export interface ModeHealth extends HealthRow {
  /** Whether the last result is about the stored key. */
  isKeyKnown: boolean;
  /** Whether the stored key can be opened. */
  isKeyReadable: boolean;
  /** Null when it cannot be determined. */
  keysOfSameAccount: boolean | null;
}

/** Which key Stripe is asked about, and for whom. */
interface Question {
  projectId: string;
  mode: Mode;
  asker: string;
  key: Secret;
}

/** Reports whether the stored credentials work: checks keys with Stripe, and reads what is recorded of webhooks. */
@Injectable()
export class ConfigHealthService {
  /** The pending checks, by key. */
  private readonly checks = new Map<string, Promise<boolean>>();
  /** How many checks have ended. */
  private ended = 0;

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly configs: StripeConfigService,
    private readonly stripe: StripeApi,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'limits'>,
  ) {}

  /**
   * The health of one mode. Stripe is asked when the last result is older than a minute; when it does not answer
   * at once, or a rate limit is reached, the previous result is returned, with its time.
   *
   * @param asker the caller's subject
   * @throws PaymentsError `config_not_found`
   */
  async find(projectId: string, mode: Mode, asker: string): Promise<ModeHealth> {
    const { ended } = this;
    const row = await this.findRow(projectId, mode);
    const [secretKey, publishableKey] = await Promise.all([
      row.has_secret_key ? this.configs.tryToOpen(projectId, `${mode}_secret_key`) : null,
      row.has_publishable_key ? this.configs.tryToOpen(projectId, `${mode}_publishable_key`) : null,
    ]);
    const isChecked =
      secretKey !== null &&
      isStale(row) &&
      // A check that has ended since the row was read need not be repeated.
      ((this.ended !== ended && !isStale(await this.findRow(projectId, mode))) ||
        (await this.checkBriefly({ projectId, mode, asker, key: secretKey }, row)));
    const known = isChecked ? await this.findRow(projectId, mode) : row;
    return {
      ...known,
      isKeyKnown: isKeyKnown(known),
      isKeyReadable: secretKey !== null,
      keysOfSameAccount: compareAccounts(
        secretKey,
        publishableKey,
        isKeyKnown(known) ? known.account_id : null,
      ),
    };
  }

  private async findRow(projectId: string, mode: Mode): Promise<HealthRow> {
    const [row] = await runStatement(this.database, 'read', FIND_HEALTH, { project_id: projectId, mode });
    if (row === undefined) throw configNotFound();
    return row;
  }

  /**
   * Waits briefly for Stripe. A later answer is stored for the next request, and only one check of a key is pending at a
   * time.
   *
   * @returns whether something new is known
   */
  private async checkBriefly(question: Question, row: HealthRow): Promise<boolean> {
    const name = `${question.projectId} ${question.mode} ${row.secret_key_version ?? 0}`;
    const check =
      this.checks.get(name) ??
      this.check(question, row).finally(() => {
        this.checks.delete(name);
        this.ended += 1;
      });
    this.checks.set(name, check);
    const waiting = new AbortController();
    try {
      return await Promise.race([check, delay(PATIENCE_MS, false, { ref: false, signal: waiting.signal })]);
    } finally {
      waiting.abort();
      // Nobody waits for it any more, and it may still fail.
      check.catch(ignore);
    }
  }

  /** @returns whether something new is known */
  private async check({ projectId, mode, asker, key }: Question, row: HealthRow): Promise<boolean> {
    try {
      const count = (): Promise<void> =>
        countCall(this.database, projectId, this.options.limits.stripeCallsPerMinute);
      const result = await checkKey(this.stripe, key, mode, { withAccount: true, asker, count });
      const accountId = 'accountId' in result ? result.accountId : null;
      await runStatement(this.database, 'write', SAVE_KEY_STATE, {
        project_id: projectId,
        mode,
        version: row.version,
        status: result.status,
        account_id: accountId,
        written_in: row.secret_key_version,
      });
      return true;
    } catch (error) {
      if (error instanceof PaymentsError && NOTHING_NEW.has(error.code)) return false;
      throw error;
    }
  }
}

/** How long a request waits for Stripe before it returns the previous result, in milliseconds. */
const PATIENCE_MS = 1_500;

function ignore(): void {
  // The next check reports it.
}

/** Errors that leave the previous result valid. */
const NOTHING_NEW: ReadonlySet<string> = new Set(['rate_limited', 'stripe_unavailable', 'stripe_timeout']);

function isStale(row: HealthRow): boolean {
  return !isKeyKnown(row) || row.is_key_fresh !== true;
}

/** A key that was written after the check is another one. */
function isKeyKnown({ has_secret_key, key_version, secret_key_version }: HealthRow): boolean {
  return has_secret_key && key_version !== null && key_version >= (secret_key_version ?? 0);
}

function compareAccounts(
  secretKey: Secret | null,
  publishableKey: Secret | null,
  accountId: string | null,
): boolean | null {
  if (secretKey === null || publishableKey === null) return null;
  return looksLikeSameAccount(publishableKey.reveal(), accountId ?? secretKey.reveal());
}
