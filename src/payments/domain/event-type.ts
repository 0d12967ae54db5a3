/** A type of event as Stripe names it. Some have a part in brackets: `v2.core.account[requirements].updated`. */
const NAME = /^[a-z0-9_]+(\[[a-z0-9_.]+\])?(\.[a-z0-9_]+(\[[a-z0-9_.]+\])?){1,9}$/;
const MAX_LENGTH = 255;

/** Whether a text has the form of a type of event: `invoice.paid`. */
export function isEventType(text: string): boolean {
  return text.length <= MAX_LENGTH && NAME.test(text);
}

/** Whether a text has the form of a pattern: a type, all types below a prefix (`invoice.*`), or all (`*`). */
export function isEventPattern(text: string): boolean {
  // What stands before the last full stop of a type has the form of a type once something follows it.
  return text === '*' || isEventType(text.endsWith('.*') ? `${text.slice(0, -1)}x` : text);
}

/** Whether a pattern names a type of event. */
export function matchesEventPattern(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
