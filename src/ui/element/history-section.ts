import { html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { credentialOf, type SealedField } from '../../payments/domain/credentials.js';
import type { Change } from '../api/project-api.js';
import { fullLabelOf } from '../texts/credential-words.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import { actorOf } from './last-change.js';
import { Section } from './section.js';
import { timeText } from './time.js';

/** Who changed what and when, newest first. */
export class HistorySection extends Section {
  /** What was fetched beyond the newest page, and where the next one begins; undefined: nothing. */
  @state() private more: { from: string; changes: Change[]; next: string | null } | undefined;
  private readonly action = new Action(this);

  override render(): TemplateResult | typeof nothing {
    const { texts, state } = this;
    const { history } = state;
    if (history === undefined) return nothing;
    // After a change the pages behind the newest one begin elsewhere.
    const more = this.more?.from === history.next_cursor ? this.more : undefined;
    const changes: readonly Change[] = [...history.changes, ...(more?.changes ?? [])];
    const next = more === undefined ? history.next_cursor : more.next;
    return html`<section part="section" aria-labelledby="history">
      <h3 id="history">${texts.history}</h3>
      ${changes.length === 0 ? html`<p>${texts.noHistory}</p>` : nothing}
      <ul class="events" part="history">
        ${changes.map((change) => this.renderChange(change))}
      </ul>
      ${
        next === null
          ? nothing
          : html`<button type="button" part="button" @click=${() => this.fetchFrom(next)}>
              ${texts.earlier}
            </button>`
      }
      ${this.action.render(texts)}
    </section>`;
  }

  private renderChange(change: Change): TemplateResult {
    const { texts } = this;
    const said = fill(texts.byAt, {
      actor: actorOf(change, texts),
      time: timeText(change.changed_at, texts),
      action: texts[`action_${change.action}`],
    });
    return html`<li>
      ${said}
      <ul class="notes">
        ${change.fields.map(({ field, before, after }) => {
          const label = fullLabelOf(credentialOf(field as SealedField), texts);
          const values = { label, before: before ?? texts.nothing, after: after ?? texts.nothing };
          return html`<li>${fill(texts.fromTo, values)}</li>`;
        })}
      </ul>
    </li>`;
  }

  private readonly fetchFrom = (cursor: string): Promise<void> =>
    this.action.run(async () => {
      const { changes, next_cursor } = await this.state.api.history({ cursor });
      const from = this.state.history?.next_cursor ?? cursor;
      const known = this.more?.from === from ? this.more.changes : [];
      this.more = { from, changes: [...known, ...changes], next: next_cursor };
    });
}
