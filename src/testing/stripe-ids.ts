import { randomUUID } from 'node:crypto';

/** What the ids of some objects begin with; those of others begin with the name of their kind. */
const PREFIXES: Readonly<Record<string, string>> = {
  account: 'acct',
  bank_account: 'ba',
  'billing.meter': 'mtr',
  'billing_portal.configuration': 'bpc',
  'billing_portal.session': 'bps',
  application: 'ca',
  application_fee: 'fee',
  charge: 'ch',
  'checkout.session': 'cs',
  credit_note: 'cn',
  customer: 'cus',
  discount: 'di',
  dispute: 'du',
  event: 'evt',
  invoice: 'in',
  invoiceitem: 'ii',
  'issuing.authorization': 'iauth',
  'issuing.card': 'ic',
  'issuing.cardholder': 'ich',
  'issuing.dispute': 'idp',
  'issuing.transaction': 'ipi',
  payment_intent: 'pi',
  payment_link: 'plink',
  payment_method: 'pm',
  payout: 'po',
  product: 'prod',
  promotion_code: 'promo',
  quote: 'qt',
  refund: 're',
  review: 'prv',
  setup_intent: 'seti',
  source: 'src',
  subscription: 'sub',
  subscription_schedule: 'sub_sched',
  tax_id: 'txi',
  tax_rate: 'txr',
  topup: 'tu',
  transfer: 'tr',
  'v2.core.account': 'acct',
};

/** An id that no other object has. */
export function newStripeId(kind: string): string {
  const prefix = PREFIXES[kind] ?? kind.replace(/^.*\./, '');
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}
