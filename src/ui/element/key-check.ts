import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { fill } from '../texts/fill.js';
import type { Texts } from '../texts/texts.js';
import { Action } from './action.js';
import { Section } from './section.js';
import { timeText } from './time.js';

/** Whether a secret key works: the pasted one by asking Stripe now, the stored one as Stripe last answered. */
export class KeyCheck extends Section {
  /** Changes with each change of the pasted key; 0: there is none that could be tried. */
  @property({ attribute: false }) draft = 0;
  /** Gives the pasted key, for as long as it takes to send it. */
  @property({ attribute: false }) read: () => string = () => '';
  private readonly action = new Action(this);

  override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    // An answer was about another key.
    if (changed.has('draft') && this.hasUpdated) this.action.clear();
  }

  override render(): TemplateResult {
    const { texts, draft, state } = this;
    return html`<div part="key-check">
      ${draft > 0 ? this.renderTest() : this.renderHealth()}
      ${state.health?.[this.mode].keys_of_same_account === false ? html`<p class="notice">${texts.differentAccounts}</p>` : nothing}
      ${this.action.render(texts)}
    </div>`;
  }

  private renderTest(): TemplateResult {
    return html`<button type="button" part="button" aria-busy=${this.action.isBusy} @click=${this.test}>
      ${this.texts.testKey}
    </button>`;
  }

  private renderHealth(): TemplateResult | typeof nothing {
    const { texts, state, mode } = this;
    const key = state.health?.[mode].secret_key;
    if (key === undefined || key.status === 'not_stored') return nothing;
    const words = texts[`key_${key.status}` as keyof Texts];
    return html`<p part="key-health">
        ${fill(words, {
          account: key.account_id ?? '–',
          time: timeText(key.checked_at, texts),
          since: timeText(key.since, texts),
        })}
      </p>
      <button type="button" part="button" aria-busy=${this.action.isBusy} @click=${this.ask}>
        ${texts.checkAgain}
      </button>`;
  }

  private readonly test = (): Promise<void> =>
    this.action.run(
      () => this.state.api.test({ secret_key: this.read(), is_test_mode: this.mode === 'test' }),
      ({ message }) => message,
    );

  private readonly ask = (): Promise<void> => this.action.run(() => this.state.loadHealth());
}
