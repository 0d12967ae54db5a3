// The standalone service with one more handler of events, which writes each down through the transaction it is handed: what is
// in the table `effects` was applied, and how often.
import { EventLog } from '../../dist/app/event-log.js';
import { OnStripeEvent } from '../../dist/index.js';

EventLog.prototype.apply = async function apply({ id }, { transaction, projectId }) {
  await transaction.query('INSERT INTO effects (project_id, event_id) VALUES ($1, $2)', [projectId, id]);
};
OnStripeEvent('*')(EventLog.prototype, 'apply', Object.getOwnPropertyDescriptor(EventLog.prototype, 'apply'));

await import('../../dist/main.js');
