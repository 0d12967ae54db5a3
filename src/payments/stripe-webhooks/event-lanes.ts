import type { ClaimedEvent } from './event-worker.statements.js';

/** Divides events into lanes, which run side by side; events of one object run one after another in one lane. */
export function lanesOf(events: ClaimedEvent[], count: number): ClaimedEvent[][] {
  const objects = new Map<string, ClaimedEvent[]>();
  for (const event of events) {
    const name = objectNameOf(event);
    objects.set(name, [...(objects.get(name) ?? []), event]);
  }
  const lanes = Array.from({ length: count }, (): ClaimedEvent[] => []);
  for (const group of objects.values()) lanes.reduce((a, b) => (b.length < a.length ? b : a)).push(...group);
  return lanes;
}

/** The object that an event is about, or the event itself. */
export function objectNameOf({ project_id, mode, object_id, event_id }: ClaimedEvent): string {
  return `stripe-event ${project_id} ${mode} ${object_id ?? event_id}`;
}
