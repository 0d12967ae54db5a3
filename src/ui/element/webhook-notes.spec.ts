import type { ModeHealth } from '../api/project-api.js';
import { ENGLISH } from '../texts/texts.js';
import { webhookNotes } from './webhook-notes.js';

const WORKING: ModeHealth['webhook_secret'] = {
  status: 'verified',
  last_verified_at: '2026-02-03T10:00:00.000Z',
  failures: 0,
  last_failure_at: null,
  last_failure_reason: null,
  ignored_test_events: 0,
  previous: null,
};
const TIME = /2026/;

const notesOf = (changes: Partial<typeof WORKING>): string =>
  webhookNotes({ ...WORKING, ...changes }, ENGLISH).join(' ');

it('says what to do where no webhooks are taken', () => {
  expect(webhookNotes(undefined, ENGLISH)).toEqual([ENGLISH.secretNotStored]);
  expect(notesOf({ status: 'not_stored' })).toBe(ENGLISH.secretNotStored);
});

it('says whether an event was ever verified, and when', () => {
  expect(notesOf({ status: 'waiting', last_verified_at: null })).toBe(ENGLISH.secretWaiting);
  expect(notesOf({})).toMatch(TIME);
  expect(notesOf({})).not.toContain('{');
});

it.each(['wrong_signature', 'stale_signature', 'unreadable_event', 'wrong_mode_event'] as const)(
  'says what to do about %s',
  (reason) => {
    const notes = notesOf({
      failures: 3,
      last_failure_at: '2026-02-03T10:01:00.000Z',
      last_failure_reason: reason,
    });
    expect(notes).toContain(ENGLISH[`failure_${reason}`]);
    expect(notes).toMatch(/since then: 3\b/);
  },
);

it('counts failures whose reason it does not know', () => {
  const notes = notesOf({
    failures: 1,
    last_failure_at: '2026-02-03T10:01:00.000Z',
    last_failure_reason: 'new_one',
  });
  expect(notes).toMatch(/since then: 1\b/);
  expect(notes).not.toMatch(/undefined|new_one/);
});

it('says that ignored test events need nothing', () => {
  expect(notesOf({ ignored_test_events: 2 })).toMatch(/live address: 2\b.*nothing to do/);
});
