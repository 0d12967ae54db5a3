import { html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { unlessOff } from '../api/api-error.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import { changed } from './changed.js';
import { Section } from './section.js';
import { timeText } from './time.js';
import { changingSecrets } from './unanswered.js';
import { webhookNotes } from './webhook-notes.js';

/** The address that Stripe sends to, how webhooks have been doing, and the endpoint in Stripe. */
export class WebhooksSection extends Section {
  @state() private address = '';
  /** Whether the host takes no webhooks at all. */
  @state() private isOff = false;
  private readonly action = new Action(this);

  override firstUpdated(): void {
    void this.action.run(async () => {
      const urls = await unlessOff(this.state.api.webhookUrls());
      this.isOff = urls === undefined;
      this.address = urls?.[`${this.mode}_webhook_url`] ?? '';
    });
  }

  override render(): TemplateResult | typeof nothing {
    if (this.isOff) return nothing;
    const { texts, mode, state } = this;
    const secret = state.health?.[mode].webhook_secret;
    return html`<section part="section" aria-labelledby="webhooks-${mode}">
      <h3 id="webhooks-${mode}">${texts.webhooks}</h3>
      <stripe-settings-copy
        .texts=${texts}
        label=${texts.webhookAddress}
        text=${this.address}
      ></stripe-settings-copy>
      <p class="hint">${texts.webhookAddressHint}</p>
      <ul class="notes">
        ${webhookNotes(secret, texts).map((note) => html`<li>${note}</li>`)}
      </ul>
      ${this.renderOverlap()} ${this.action.render(texts)}
      <stripe-settings-endpoint .state=${state} .texts=${texts} mode=${mode}></stripe-settings-endpoint>
    </section>`;
  }

  private renderOverlap(): TemplateResult | typeof nothing {
    const { texts, mode, state } = this;
    const previous = state.health?.[mode].webhook_secret.previous;
    if (previous === null || previous === undefined) return nothing;
    const { masked, accepted_until, last_verified_at } = previous;
    const use =
      last_verified_at === null
        ? texts.overlapUnused
        : fill(texts.overlapUsed, { time: timeText(last_verified_at, texts) });
    return html`<div class="notice" part="notice">
      <p>${fill(texts.overlap, { mask: masked, time: timeText(accepted_until, texts) })} ${use}</p>
      ${
        state.may('admin')
          ? html`<button type="button" part="button" @click=${this.endOverlap}>${texts.endOverlap}</button>`
          : texts.needsAdmin
      }
    </div>`;
  }

  private readonly endOverlap = (): Promise<void> => {
    const { mode, state, texts } = this;
    const { version } = state;
    const change = (): Promise<void> =>
      state.watch(() => changingSecrets(version, mode), state.api.endOverlap(mode));
    return this.action.run(
      () => changed({ change, read: () => state.load(), done: () => texts.overlapEnded }, texts),
      (said) => said,
    );
  };
}
