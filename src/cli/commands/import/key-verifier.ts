import { setTimeout as delay } from 'node:timers/promises';
import type { Secret } from '../../../payments/crypto/secret.js';
import { describeKeyCheck } from '../../../payments/credential-checks/describe-key-check.js';
import type { Mode } from '../../../payments/domain/credentials.js';
import { PaymentsError } from '../../../payments/domain/errors.js';
import { TimeLimits } from '../../../payments/options/time-limits.js';
import { checkKey } from '../../../payments/stripe/check-key.js';
import { StripeApi } from '../../../payments/stripe/stripe-api.js';
import { CommandFault } from '../../fault.js';

/** How often Stripe is asked about one key that it gives no answer about. */
const TRIES = 3;
/** Questions in a row without an answer after which Stripe counts as down. */
const MAX_UNANSWERED = 20;

/** Asks Stripe about many keys, at a bounded rate. */
export class KeyVerifier {
  private readonly api: StripeApi;
  private readonly pauseMs: number;
  private nextTurn = 0;
  private unanswered = 0;

  /**
   * @param stripeApiBase the address of Stripe
   * @param perSecond how many keys to ask about in a second, however many are given at once
   */
  constructor(stripeApiBase: string, perSecond: number) {
    // The rate and the time limit of a call bound how many there are at once.
    const limits = { stripeCallsAtOnce: Infinity };
    this.api = new StripeApi({ stripeApiBase, limits }, new TimeLimits());
    this.pauseMs = 1_000 / perSecond;
  }

  /**
   * Why a key cannot be used in a mode, as Stripe says, or that Stripe did not say.
   *
   * @throws CommandFault when Stripe gives no answer many times in a row
   */
  async findFault(key: Secret, mode: Mode): Promise<string | undefined> {
    for (let attempt = 1; attempt <= TRIES; attempt++) {
      await this.awaitTurn();
      try {
        const { valid, message } = describeKeyCheck(
          await checkKey(this.api, key, mode, { withAccount: false, asker: 'import' }),
          mode,
        );
        this.unanswered = 0;
        return valid ? undefined : message;
      } catch (error) {
        if (!(error instanceof PaymentsError)) throw error;
        this.unanswered += 1;
      }
    }
    return 'Stripe could not be asked, or gave no usable answer, so nothing is known about the key; run the import again.';
  }

  private async awaitTurn(): Promise<void> {
    const now = performance.now();
    const turn = Math.max(now, this.nextTurn);
    this.nextTurn = turn + this.pauseMs;
    await delay(turn - now);
    if (this.unanswered < MAX_UNANSWERED) return;
    throw new CommandFault(
      `Stripe gave no usable answer ${MAX_UNANSWERED} times in a row; check the network, and STRIPE_API_BASE if it is set, and run the import again: it goes on where it stopped.`,
    );
  }
}
