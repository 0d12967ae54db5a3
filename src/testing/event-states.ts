import type { StripeEventType } from '../payments/stripe/stripe-event-types.js';

const AMOUNT = 1000;

const PAID_INVOICE = {
  status: 'paid',
  attempted: true,
  attempt_count: 1,
  amount_due: AMOUNT,
  amount_paid: AMOUNT,
  subtotal: AMOUNT,
  total: AMOUNT,
};
const OPEN_INVOICE = {
  status: 'open',
  amount_due: AMOUNT,
  amount_remaining: AMOUNT,
  subtotal: AMOUNT,
  total: AMOUNT,
};
const PAID_CHARGE = {
  status: 'succeeded',
  paid: true,
  captured: true,
  amount: AMOUNT,
  amount_captured: AMOUNT,
};
const SESSION = { amount_subtotal: AMOUNT, amount_total: AMOUNT };
const UNPAID_INTENT = { amount: AMOUNT, status: 'requires_payment_method' };

/** What an object has become when an event of the type says so; of other types its state is the usual one. */
export const STATES: Readonly<Partial<Record<StripeEventType, object>>> = {
  'account.updated': { charges_enabled: true, payouts_enabled: true, details_submitted: true },
  'charge.captured': PAID_CHARGE,
  'charge.dispute.closed': { amount: AMOUNT, status: 'won' },
  'charge.dispute.created': { amount: AMOUNT, status: 'needs_response', reason: 'fraudulent' },
  'charge.expired': { amount: AMOUNT, status: 'failed' },
  'charge.failed': { amount: AMOUNT, status: 'failed', failure_code: 'card_declined' },
  'charge.pending': { amount: AMOUNT, status: 'pending' },
  'charge.refunded': { ...PAID_CHARGE, amount_refunded: AMOUNT, refunded: true },
  'charge.succeeded': PAID_CHARGE,
  'charge.updated': PAID_CHARGE,
  'checkout.session.async_payment_failed': { ...SESSION, status: 'complete', payment_status: 'unpaid' },
  'checkout.session.async_payment_succeeded': { ...SESSION, status: 'complete', payment_status: 'paid' },
  'checkout.session.completed': { ...SESSION, status: 'complete', payment_status: 'paid' },
  'checkout.session.expired': { ...SESSION, status: 'expired', payment_status: 'unpaid' },
  'customer.subscription.deleted': { status: 'canceled' },
  'customer.subscription.paused': { status: 'paused' },
  'customer.subscription.trial_will_end': { status: 'trialing' },
  'invoice.created': { ...OPEN_INVOICE, status: 'draft' },
  'invoice.finalized': OPEN_INVOICE,
  'invoice.marked_uncollectible': { ...OPEN_INVOICE, status: 'uncollectible' },
  'invoice.overdue': OPEN_INVOICE,
  'invoice.paid': PAID_INVOICE,
  'invoice.payment_action_required': OPEN_INVOICE,
  'invoice.payment_failed': { ...OPEN_INVOICE, attempted: true, attempt_count: 1 },
  'invoice.payment_succeeded': PAID_INVOICE,
  'invoice.sent': OPEN_INVOICE,
  'invoice.voided': { ...OPEN_INVOICE, status: 'void' },
  'payment_intent.amount_capturable_updated': {
    amount: AMOUNT,
    amount_capturable: AMOUNT,
    status: 'requires_capture',
  },
  'payment_intent.canceled': { amount: AMOUNT, status: 'canceled' },
  'payment_intent.created': UNPAID_INTENT,
  'payment_intent.payment_failed': UNPAID_INTENT,
  'payment_intent.processing': { amount: AMOUNT, status: 'processing' },
  'payment_intent.requires_action': { amount: AMOUNT, status: 'requires_action' },
  'payment_intent.succeeded': { amount: AMOUNT, amount_received: AMOUNT, status: 'succeeded' },
  'payout.canceled': { amount: AMOUNT, status: 'canceled' },
  'payout.created': { amount: AMOUNT, status: 'pending' },
  'payout.failed': { amount: AMOUNT, status: 'failed' },
  'payout.paid': { amount: AMOUNT, status: 'paid' },
  'refund.created': { amount: AMOUNT, status: 'succeeded' },
  'refund.failed': { amount: AMOUNT, status: 'failed' },
  'refund.updated': { amount: AMOUNT, status: 'succeeded' },
  'setup_intent.canceled': { status: 'canceled' },
  'setup_intent.created': { status: 'requires_payment_method' },
  'setup_intent.requires_action': { status: 'requires_action' },
  'setup_intent.setup_failed': { status: 'requires_payment_method' },
};
