import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { maskOf } from '../../payments/domain/credential-rules.js';
import type { CredentialField } from '../../payments/domain/credentials.js';
import type { Change } from '../api/project-api.js';
import { labelOf } from '../texts/credential-words.js';
import { fill } from '../texts/fill.js';
import { conflictRow, greatChange, ownChange, type Seen, type Unanswered } from './conflict.js';
import type { CredentialInput } from './credential-input.js';
import { actorOf } from './last-change.js';
import { Section } from './section.js';
import { timeText } from './time.js';

/** Whose value of a field is to be stored. */
export type Choices = ReadonlyMap<CredentialField, 'mine' | 'theirs'>;

/** Both versions, field by field, and the choice between them. */
export class ConflictNotice extends Section {
  /** What was shown before. */
  @property({ attribute: false }) seen: Seen = { config: null, version: 0 };
  /** What they have sent before, where it is not known whether it was stored. */
  @property({ attribute: false }) unanswered: Unanswered | undefined;
  /** The fields in which a credential is entered. */
  @property({ attribute: false }) entered: readonly CredentialInput[] = [];
  @property({ attribute: false }) isBusy = false;
  /** Given what was chosen, by the field. */
  @property({ attribute: false }) onChosen: (choices: Choices) => void = () => undefined;
  @property({ attribute: false }) onBack: () => void = () => undefined;
  @state() private isIncomplete = false;

  override firstUpdated(): void {
    this.querySelector('h4')?.focus();
  }

  override render(): TemplateResult {
    const { texts } = this;
    const isOwn = this.own?.version === this.state.version;
    return html`<div class="notice" part="conflict" role="group" aria-labelledby="conflict">
      <h4 id="conflict" tabindex="-1">${isOwn ? texts.conflictOwn : texts.conflict}</h4>
      <p>${isOwn ? texts.conflictOwnIntro : texts.conflictIntro}</p>
      ${this.renderGreat()} ${this.entered.map((input) => this.renderRow(input))}
      <p role="alert" class="fault">${this.isIncomplete ? texts.chooseFirst : ''}</p>
      <div class="actions">
        <button
          type="button"
          part="button primary"
          class="primary"
          aria-busy=${this.isBusy}
          @click=${this.choose}
        >
          ${texts.storeChosen}
        </button>
        <button
          type="button"
          part="button"
          @click=${() => {
            this.onBack();
          }}
        >
          ${texts.backToFields}
        </button>
      </div>
    </div>`;
  }

  private get own(): Change | undefined {
    return ownChange(this.unanswered, this.state.history);
  }

  private renderGreat(): TemplateResult | typeof nothing {
    const { texts } = this;
    // A deactivation, or the first version where nothing was.
    const great = greatChange(this.seen, this.state.history);
    if (great === undefined || great.version === this.own?.version) return nothing;
    const words = great.action === 'deleted' ? texts.conflictDeleted : texts.conflictCreated;
    return html`<p>
      ${fill(words, { actor: actorOf(great, texts), time: timeText(great.changed_at, texts) })}
    </p>`;
  }

  private renderRow({ field, value }: CredentialInput): TemplateResult {
    const { texts } = this;
    const { config = null, history } = this.state;
    const { seen, now, by, isChanged } = conflictRow(field, this.seen, { config, history });
    const mine = maskOf(field, value);
    const isOwn = by !== undefined && by.version === this.own?.version;
    const made =
      by &&
      fill(isOwn ? texts.changedByOwn : texts.changedBy, {
        actor: actorOf(by, texts),
        time: timeText(by.changed_at, texts),
      });
    const choice = (value: 'theirs' | 'mine', text: string): TemplateResult =>
      html`<label class="choice">
        <input
          type="radio"
          name="choice-${field}"
          value=${value}
          .checked=${value === 'mine' && !isChanged}
        />${text}
      </label>`;
    return html`<fieldset>
      <legend>${labelOf(field, texts)}</legend>
      <p>${fill(texts.youSaw, { mask: seen ?? texts.nothing })}</p>
      <p>${fill(texts.thereIsNow, { mask: now ?? texts.nothing })} ${made}</p>
      <p>${fill(texts.yours, { mask: mine })}</p>
      ${choice('theirs', isOwn ? texts.keepStored : texts.keepTheirs)} ${choice('mine', texts.storeMine)}
    </fieldset>`;
  }

  private readonly choose = (): void => {
    const choices = new Map<CredentialField, 'mine' | 'theirs'>();
    for (const { field } of this.entered) {
      const chosen = this.querySelector<HTMLInputElement>(`[name="choice-${field}"]:checked`);
      if (chosen !== null) choices.set(field, chosen.value === 'mine' ? 'mine' : 'theirs');
    }
    this.isIncomplete = choices.size < this.entered.length;
    if (!this.isIncomplete) this.onChosen(choices);
  };
}
