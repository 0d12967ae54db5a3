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

/** What Stripe answers about a secret or restricted key. */
export type KeyCheckResult =
  | {
      status: 'works';
      /** `acct_…`; null when it was not requested, or the key may not read it. */
      accountId: string | null;
    }
  | {
      /** A genuine restricted key that lacks a permission for these requests. */
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
 * Asks Stripe whether a key works: it requests the balance, which every key may read but a restricted
 * one without that permission, and the account where the caller wants it or a restricted key must be told from a wrong one.
 *
 * @param withAccount whether the account's id is wanted
 * @throws PaymentsError `stripe_unavailable` or `stripe_timeout`: then nothing is known
 * @throws RateLimited when too many requests to Stripe are pending
 */
export async function checkKey(
  api: StripeApi,
  key: Secret,
  mode: Mode,
  { withAccount, ...options }: AskOptions & { withAccount: boolean },
): Promise<KeyCheckResult> {
  return api.ask(
    key,
    async (stripe): Promise<KeyCheckResult> => {
      const balance = await stripe.balance.retrieve().catch(refusalOf);
      if (balance instanceof StripeRefusal) {
        return balance.kind === 'permission'
          ? checkRestricted(stripe, balance.permission)
          : resultOfRefusal(balance);
      }
      if (typeof balance.livemode !== 'boolean') throw unavailable('answer');
      if (balance.livemode !== livemodeOf(mode)) return { status: 'other_mode' };
      if (!withAccount) return { status: 'works', accountId: null };
      const account = await stripe.accounts.retrieveCurrent().catch(refusalOf);
      if (account instanceof StripeRefusal && account.kind !== 'permission') return resultOfRefusal(account);
      return { status: 'works', accountId: idOf(account) };
    },
    options,
  );
}

async function checkRestricted(
  stripe: Stripe,
  permission: PermissionName | undefined,
): Promise<KeyCheckResult> {
  const account = await stripe.accounts.retrieveCurrent().catch(refusalOf);
  if (account instanceof StripeRefusal && account.kind !== 'permission') return resultOfRefusal(account);
  return { status: 'restricted', accountId: idOf(account), permission };
}

/** Stripe has both routes, so any other refusal says nothing about the key. */
function resultOfRefusal({ kind }: StripeRefusal): KeyCheckResult {
  if (kind !== 'key') throw unavailable('answer');
  return { status: 'rejected' };
}

/** Ids are stored and shown, so they must have the form of Stripe's. */
function idOf(account: Stripe.Account | StripeRefusal): string | null {
  if (account instanceof StripeRefusal) return null;
  if (!/^acct_[A-Za-z0-9]{1,64}$/.test(account.id)) throw unavailable('answer');
  return account.id;
}
