import { livemodeOf, type Mode } from '../domain/credentials.js';

/** What is read from an event before it is sealed. */
export interface ReceivedEvent {
  /** `evt_…` */
  id: string;
  /** `invoice.paid`; of a thin event `v1.billing.meter.error_report_triggered`. */
  type: string;
  /** The id of the object that the event is about; null when it is about none. */
  objectId: string | null;
  createdAt: Date;
}

/**
 * Why an event that Stripe has signed is not stored. `other_mode`: test at a live address, or live at a test one;
 * `connect_test`: a test event of a connected account, which Stripe sends to live endpoints as well
 * (docs.stripe.com/connect/webhooks).
 */
export type Unusable = 'unreadable' | 'other_mode' | 'connect_test';

/** The text of an id or of a type: printable ASCII without spaces, no longer than its column. */
export const EVENT_ID = /^[!-~]{1,255}$/;

/**
 * Reads an event, in either of the shapes that Stripe sends: with a snapshot of its object, or thin
 * (docs.stripe.com/event-destinations).
 *
 * @param payload JSON whose signature was verified
 */
export function readEvent(payload: string, mode: Mode): ReceivedEvent | Unusable {
  const event = objectOf(parse(payload));
  if (typeof event?.livemode !== 'boolean') return 'unreadable';
  const { id, type, livemode } = event;
  const about = aboutOf(event);
  // Stripe has signed it, so its type needs no list of known ones.
  if (!isText(id) || !isText(type) || about === undefined) return 'unreadable';
  // Not a time, or one outside the database's range.
  if (!(about.createdAt.getUTCFullYear() >= 1970)) return 'unreadable';
  if (livemode === livemodeOf(mode)) return { id, type, ...about };
  return livemodeOf(mode) && isOfConnectedAccount(event) ? 'connect_test' : 'other_mode';
}

/** A snapshot has it as `account`, a thin event as `context`. */
function isOfConnectedAccount({ object, account, context }: Record<string, unknown>): boolean {
  return isText(object === 'event' ? account : context);
}

function aboutOf(event: Record<string, unknown>): Pick<ReceivedEvent, 'objectId' | 'createdAt'> | undefined {
  if (event.object === 'event') {
    const object = objectOf(objectOf(event.data)?.object);
    // In seconds.
    if (object === undefined || typeof event.created !== 'number') return undefined;
    return { objectId: idOf(object), createdAt: new Date(event.created * 1000) };
  }
  if (event.object === 'v2.core.event') {
    if (typeof event.created !== 'string') return undefined;
    return { objectId: idOf(objectOf(event.related_object)), createdAt: new Date(event.created) };
  }
  return undefined;
}

/** Not every object has an id: a balance has none. */
function idOf(object: Record<string, unknown> | undefined): string | null {
  return isText(object?.id) ? object.id : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && EVENT_ID.test(value);
}
