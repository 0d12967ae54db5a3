import type { ModeHealth } from '../api/project-api.js';
import { fill } from '../texts/fill.js';
import type { Texts } from '../texts/texts.js';
import { timeText } from './time.js';

/** How webhooks of a mode have been doing, and what to do about it, in sentences. @param secret undefined: nothing was ever stored */
export function webhookNotes(secret: ModeHealth['webhook_secret'] | undefined, texts: Texts): string[] {
  if (secret === undefined || secret.status === 'not_stored') return [texts.secretNotStored];
  const notes = [
    secret.status === 'waiting'
      ? texts.secretWaiting
      : fill(texts.secretVerified, { time: timeText(secret.last_verified_at, texts) }),
  ];
  if (secret.failures > 0) {
    const failing = fill(texts.webhooksFailing, {
      count: secret.failures,
      time: timeText(secret.last_failure_at, texts),
    });
    const key = `failure_${secret.last_failure_reason}`;
    notes.push(key in texts ? `${failing} ${texts[key as keyof Texts]}` : failing);
  }
  if (secret.ignored_test_events > 0) {
    notes.push(fill(texts.ignoredTestEvents, { count: secret.ignored_test_events }));
  }
  return notes;
}
