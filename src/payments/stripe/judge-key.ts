import type Stripe from 'stripe';
import type { Secret } from '../crypto/secret.js';
import { livemodeOf, type Mode } from '../domain/credentials.js';
import {
  StripeRefusal,
  refusalOf,
  unavailable,
  type PermissionName,
  type AskOptions,
  type StripeApi,
} from './stripe-api.js';

/** What Stripe says of a secret or restricted key. */
export type KeyVerdict =
  | {
      status: 'works';
      /** `acct_…`; null when it was not asked for, or the key may not see it. */
      accountId: string | null;
    }
  | {
      /** A genuine restricted key that may not see all that was asked. */
      status: 'restricted';
      accountId: string | null;
      /** The permission that it lacks, when Stripe named one that we know. */
      permission: PermissionName | undefined;
    }
  | {
      /** Invalid, revoked or expired. */
      status: 'rejected';
    }
  | { status: 'other_mode' };

/**
 * Asks Stripe whether a key works: its balance, which every key may see but a restricted one without that permission,
 * and its account where that is wanted or tells a restricted key from a wrong one.
 *
 * @param withAccount whether the account's id is wanted
 * @throws PaymentsError `stripe_unavailable` or `stripe_timeout`: then nothing is known
 * @throws RateLimited when too many questions are open already
 */
export async function judgeKey(
  api: StripeApi,
  key: Secret,
  mode: Mode,
  { withAccount, count }: AskOptions & { withAccount: boolean },
): Promise<KeyVerdict> {
  return api.ask(
    key,
    async (stripe): Promise<KeyVerdict> => {
      const balance = await stripe.balance.retrieve().catch(refusalOf);
      if (balance instanceof StripeRefusal) {
        return balance.kind === 'permission'
          ? judgeRestricted(stripe, balance.permission)
          : judgeRefused(balance);
      }
      if (typeof balance.livemode !== 'boolean') throw unavailable('answer');
      if (balance.livemode !== livemodeOf(mode)) return { status: 'other_mode' };
      if (!withAccount) return { status: 'works', accountId: null };
      const account = await stripe.accounts.retrieveCurrent().catch(refusalOf);
      if (account instanceof StripeRefusal && account.kind !== 'permission') return judgeRefused(account);
      return { status: 'works', accountId: idOf(account) };
    },
    { count },
  );
}

async function judgeRestricted(stripe: Stripe, permission: PermissionName | undefined): Promise<KeyVerdict> {
  const account = await stripe.accounts.retrieveCurrent().catch(refusalOf);
  if (account instanceof StripeRefusal && account.kind !== 'permission') return judgeRefused(account);
  return { status: 'restricted', accountId: idOf(account), permission };
}

/** Stripe knows both addresses, so any other refusal is no answer to the question. */
function judgeRefused({ kind }: StripeRefusal): KeyVerdict {
  if (kind !== 'key') throw unavailable('answer');
  return { status: 'rejected' };
}

/** Stripe's ids are what they look like, or they are not believed: they are stored and shown. */
function idOf(account: Stripe.Account | StripeRefusal): string | null {
  if (account instanceof StripeRefusal) return null;
  if (!/^acct_[A-Za-z0-9]{1,64}$/.test(account.id)) throw unavailable('answer');
  return account.id;
}
