import { modeOf, type CredentialField, type SealedField } from '../../payments/domain/credentials.js';
import type { Change, History } from '../api/project-api.js';
import { fill } from '../texts/fill.js';
import type { Texts } from '../texts/texts.js';
import type { ProjectState } from './project-state.js';
import { timeText } from './time.js';

/** The newest change of a field; undefined where the known changes hold none. */
export function lastChangeOf(field: SealedField, history: History | undefined): Change | undefined {
  return history?.changes.find(({ fields }) => fields.some((each) => each.field === field));
}

/** Who made a change, as people know them. */
export function actorOf({ actor, actor_name }: Change, texts: Pick<Texts, 'somebody'>): string {
  return actor_name ?? actor ?? texts.somebody;
}

/** Since when a credential is stored, and by whom, as far as it is known. */
export function sinceText(field: CredentialField, { config, history }: ProjectState, texts: Texts): string {
  if ((config?.[`${field}_masked`] ?? null) === null) return '';
  const last = lastChangeOf(field, history);
  if (last !== undefined) {
    return fill(texts.storedBy, { time: timeText(last.changed_at, texts), actor: actorOf(last, texts) });
  }
  const configured = config?.[`${modeOf(field)}_configured_at`] ?? null;
  return configured === null ? '' : fill(texts.storedSince, { time: timeText(configured, texts) });
}
