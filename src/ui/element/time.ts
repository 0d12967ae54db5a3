import type { Texts } from '../texts/texts.js';

/** A time of the service as people read it, in their own zone; `–` where there is none. */
export function timeText(iso: string | null, { language }: Pick<Texts, 'language'>): string {
  if (iso === null) return '–';
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso));
}
