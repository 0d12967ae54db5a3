import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { maskOf } from '../../payments/domain/credential-rules.js';
import type { CredentialField } from '../../payments/domain/credentials.js';
import type { Change } from '../api/project-api.js';
import { labelOf } from '../texts/credential-words.js';
import { fill } from '../texts/fill.js';
import { conflictRow, greatChange, type Seen } from './conflict.js';
import type { CredentialInput } from './credential-input.js';
import { actorOf } from './last-change.js';
import { Section } from './section.js';
import { timeText } from './time.js';
import { ownChanges, whoseSince } from './unanswered.js';

/** Whose value of a field is to be stored. */
export type Choices = ReadonlyMap<CredentialField, 'mine' | 'theirs'>;

/** Both versions, field by field, and the choice between them. */
export class ConflictNotice extends Section {
  /** What was shown before. */
  @property({ attribute: false }) seen: Seen = { config: null, version: 0 };
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
    const [heading, intro] = {
      own: [texts.conflictOwn, texts.conflictOwnIntro],
      perhaps: [texts.conflictPerhaps, texts.conflictPerhapsIntro],
      others: [texts.conflict, texts.conflictIntro],
    }[this.whose];
    return html`<div class="notice" part="conflict" role="group" aria-labelledby="conflict">
      <h4 id="conflict" tabindex="-1">${heading}</h4>
      <p>${intro}</p>
      ${this.renderGreat()}
      ${this.entered.filter(({ value }) => value !== '').map((input) => this.renderRow(input))}
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

  private get whose(): ReturnType<typeof whoseSince> {
    return whoseSince(this.seen.version, this.state);
  }

  /** Whether a change is probably the person's own, to which no answer came. */
  private isOwn(change: Change | undefined): boolean {
    return change !== undefined && ownChanges(this.seen.version, this.state).includes(change);
  }

  private renderGreat(): TemplateResult | typeof nothing {
    const { texts } = this;
    // A deactivation, or the first version where nothing was.
    const great = greatChange(this.seen, this.state.history);
    const isOwn = this.isOwn(great);
    if (great === undefined || (isOwn && great.action === 'created')) return nothing;
    const deleted = isOwn ? texts.conflictDeletedOwn : texts.conflictDeleted;
    const words = great.action === 'deleted' ? deleted : texts.conflictCreated;
    return html`<p>
      ${fill(words, { actor: actorOf(great, texts), time: timeText(great.changed_at, texts) })}
    </p>`;
  }

  private renderRow({ field, value }: CredentialInput): TemplateResult {
    const { texts } = this;
    const { config = null, history } = this.state;
    const { seen, now, by, isChanged } = conflictRow(field, this.seen, { config, history });
    const mine = maskOf(field, value);
    const isOwn = this.isOwn(by);
    const isTheirs = by === undefined ? this.whose === 'others' : !isOwn;
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
      ${choice('theirs', isTheirs ? texts.keepTheirs : texts.keepStored)} ${choice('mine', texts.storeMine)}
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
