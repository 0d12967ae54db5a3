import { eventContext } from '../crypto/sealer.js';
import { runStatement, runWithin } from '../database/run-statement.js';
import {
  COUNT_OUTDATED_EVENTS,
  FIND_OUTDATED_EVENTS,
  LOCK_OUTDATED_EVENTS,
  WRITE_EVENTS,
} from './key-rotation.statements.js';
import { FIRST_EVENT, resealed, type EventKey, type Resealed, type SealedTable } from './sealed-table.js';

interface ResealedEvent extends Resealed {
  key: EventKey;
  old: string;
  sealed: string | undefined;
}

/** The payloads of events. */
export const EVENTS: SealedTable<EventKey, ResealedEvent> = {
  first: FIRST_EVENT,
  async count(on, prefix) {
    const [row] = await runStatement(on, 'read', COUNT_OUTDATED_EVENTS, { prefix });
    return row?.count ?? 0;
  },
  async read(session, sealer, { prefix, size, after, isLocking }) {
    const statement = isLocking ? LOCK_OUTDATED_EVENTS : FIND_OUTDATED_EVENTS;
    const rows = await runWithin(session, statement, { prefix, size, ...after });
    return rows.map(({ payload_sealed: old, ...key }) => {
      const value = resealed(old, sealer, eventContext(key.project_id, key.mode, key.event_id));
      return {
        name: `${key.project_id} ${key.mode} ${key.event_id}`,
        key,
        old,
        sealed: value?.sealed,
        isChanged: Boolean(value),
        isDamaged: value === null,
      };
    });
  },
  keyOf: ({ key }) => key,
  async write(session, events) {
    const rows = events.map(({ key, old, sealed = old }) => ({ ...key, old, sealed }));
    await runWithin(session, WRITE_EVENTS, { rows });
  },
};
