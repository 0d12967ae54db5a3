import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { countCall } from '../credential-checks/call-limit.js';
import type { Secret } from '../crypto/secret.js';
import { PAYMENTS_DATA_SOURCE, runStatement } from '../database/run-statement.js';
import { PaymentsError } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { judgeKey } from '../stripe/judge-key.js';
import { StripeApi } from '../stripe/stripe-api.js';
import { looksLikeSameAccount } from './account-hint.js';
import { StripeConfigService, configNotFound } from '../stripe-config/stripe-config.service.js';
import type { Mode } from '../domain/credentials.js';
import { FIND_HEALTH, SAVE_KEY_STATE, type HealthRow } from './config-health.statements.js';

/** What is known of one mode's credentials. */
export interface ModeHealth extends HealthRow {
  /** Whether what is known of the key is of the stored key. */
  isKeyKnown: boolean;
  /** Whether the stored key can be opened. */
  isKeyReadable: boolean;
  /** Null when it cannot be told. */
  keysOfSameAccount: boolean | null;
}

/** Tells how the stored credentials do: asks Stripe about keys, and looks back on webhooks. */
@Injectable()
export class ConfigHealthService {
  /** The questions that are open, by key. */
  private readonly checks = new Map<string, Promise<boolean>>();
  /** How many questions have ended. */
  private ended = 0;

  constructor(
    @Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource,
    private readonly configs: StripeConfigService,
    private readonly stripe: StripeApi,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'limits'>,
  ) {}

  /**
   * The health of one mode. Stripe is asked when what is known of the key is older than a minute; when it does not
   * answer at once, or was asked too often, what was known before stands, with its time.
   *
   * @throws PaymentsError `config_not_found`
   */
  async find(projectId: string, mode: Mode): Promise<ModeHealth> {
    const { ended } = this;
    const row = await this.findRow(projectId, mode);
    const [secretKey, publishableKey] = await Promise.all([
      row.has_secret_key ? this.configs.tryToOpen(projectId, `${mode}_secret_key`) : null,
      row.has_publishable_key ? this.configs.tryToOpen(projectId, `${mode}_publishable_key`) : null,
    ]);
    const isChecked =
      secretKey !== null &&
      isStale(row) &&
      // A question that has ended since the row was read need not be asked again.
      ((this.ended !== ended && !isStale(await this.findRow(projectId, mode))) ||
        (await this.checkBriefly(projectId, mode, secretKey, row)));
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
    const [row] = await runStatement(this.dataSource, 'read', FIND_HEALTH, { project_id: projectId, mode });
    if (row === undefined) throw configNotFound();
    return row;
  }

  /**
   * Waits a little for Stripe. What it answers later is stored for whoever asks next, and only one question about a key is
   * open at a time.
   *
   * @returns whether something new is known
   */
  private async checkBriefly(projectId: string, mode: Mode, key: Secret, row: HealthRow): Promise<boolean> {
    const name = `${projectId} ${mode} ${row.secret_key_version ?? 0}`;
    const check =
      this.checks.get(name) ??
      this.check(projectId, mode, key, row).finally(() => {
        this.checks.delete(name);
        this.ended += 1;
      });
    this.checks.set(name, check);
    const waiting = new AbortController();
    try {
      return await Promise.race([check, delay(PATIENCE_MS, false, { ref: false, signal: waiting.signal })]);
    } finally {
      waiting.abort();
      // Nobody waits any more for what may still fail.
      check.catch(ignore);
    }
  }

  /** @returns whether something new is known */
  private async check(projectId: string, mode: Mode, key: Secret, row: HealthRow): Promise<boolean> {
    try {
      const count = (): Promise<void> =>
        countCall(this.dataSource, projectId, this.options.limits.stripeCallsPerMinute);
      const verdict = await judgeKey(this.stripe, key, mode, { withAccount: true, count });
      const accountId = 'accountId' in verdict ? verdict.accountId : null;
      await runStatement(this.dataSource, 'write', SAVE_KEY_STATE, {
        project_id: projectId,
        mode,
        version: row.version,
        status: verdict.status,
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

/** How long a request waits for Stripe before it shows what was known before, in milliseconds. */
const PATIENCE_MS = 1_500;

function ignore(): void {
  // The next question tells.
}

/** Errors that leave what was known as it was. */
const NOTHING_NEW: ReadonlySet<string> = new Set(['rate_limited', 'stripe_unavailable', 'stripe_timeout']);

function isStale(row: HealthRow): boolean {
  return !isKeyKnown(row) || row.is_key_fresh !== true;
}

/** A key that was written after it was tried is another one. */
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
