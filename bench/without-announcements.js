// Loaded before a service, this takes out the announcements of changes, so that the bench can show what they cost.
import pg from 'pg';
import { NOTIFY } from '../dist/payments/stripe-config/stripe-config.statements.js';

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (...args) {
  const name = args[0]?.name?.replace(/\.$/, '');
  return name === NOTIFY.name ? Promise.resolve({ rows: [] }) : query.apply(this, args);
};
