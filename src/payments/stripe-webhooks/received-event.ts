import type { Mode } from '../stripe-config/stripe-keys.js';

/** What is read of an event before it is sealed. */
export interface ReceivedEvent {
  /** `evt_…` */
  id: string;
  /** `invoice.paid`; of a thin event `v1.billing.meter.error_report_triggered`. */
  type: string;
  /** The id of the object that the event is about; null when it is about none. */
  objectId: string | null;
  createdAt: Date;
}

/** The text of an id: printable ASCII without spaces, no longer than its column. */
export const EVENT_ID = /^[!-~]{1,255}$/;
const TYPE = /^[a-z0-9_]+(\.[a-z0-9_]+)*$/;

/**
 * Reads an event, in either of the shapes that Stripe sends: with a snapshot of its object, or thin
 * (docs.stripe.com/event-destinations).
 *
 * @param payload JSON whose signature was verified
 * @returns undefined when it is no event, or one of the other mode
 */
export function readEvent(payload: string, mode: Mode): ReceivedEvent | undefined {
  const event = objectOf(parse(payload));
  if (event?.livemode !== (mode === 'live')) return undefined;
  const { id, type } = event;
  const about = aboutOf(event);
  if (!isText(id, EVENT_ID) || !isText(type, TYPE) || type.length > 255 || about === undefined)
    return undefined;
  // No time at all, or one before those that a database has.
  if (!(about.createdAt.getUTCFullYear() >= 1970)) return undefined;
  return { id, type, ...about };
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
  return isText(object?.id, EVENT_ID) ? object.id : null;
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

function isText(value: unknown, form: RegExp): value is string {
  return typeof value === 'string' && form.test(value);
}
