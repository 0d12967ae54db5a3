import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import type { WebhookEndpoint } from '../api/project-api.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import { endpointNotes } from './endpoint-notes.js';
import { focusOn } from './focus.js';
import { Section } from './section.js';
import { timeText } from './time.js';
import { changingSecrets } from './unanswered.js';

/** The endpoint of a mode in the project's Stripe account: how it stands, and making or removing it. */
export class EndpointSection extends Section {
  /** As Stripe has it; undefined until it was asked. */
  @state() private endpoint: WebhookEndpoint | undefined;
  @state() private isRemovalAsked = false;
  private readonly action = new Action(this);
  /** The mask of the key that Stripe was asked with; another key may be of another account. */
  private askedWith: string | undefined;

  override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    const key = this.keyToAskWith();
    if (key === this.askedWith || this.action.isBusy) return;
    this.askedWith = key;
    this.endpoint = undefined;
    this.isRemovalAsked = false;
    if (key !== undefined) void this.ask();
  }

  override render(): TemplateResult {
    const { texts, mode } = this;
    return html`<h4>${texts.endpoint}</h4>
      ${this.renderRecorded()}
      ${
        this.askedWith !== undefined
          ? html`${this.renderEndpoint()}
              <button type="button" part="button" @click=${this.ask}>${texts.refresh}</button>`
          : html`<p>${texts.endpointNeedsKey}</p>`
      }
      <div id="endpoint-outcome-${mode}" aria-busy=${this.action.isBusy}>${this.action.render(texts)}</div>`;
  }

  private keyToAskWith(): string | undefined {
    const { config, health } = this.state;
    const isReadable = health?.[this.mode].secret_key.status !== 'unreadable';
    return isReadable ? (config?.[`${this.mode}_secret_key_masked`] ?? undefined) : undefined;
  }

  /** What is known without asking Stripe, of endpoints that are not in use any more. */
  private renderRecorded(): TemplateResult | typeof nothing {
    const { texts } = this;
    const recorded = this.state.health?.[this.mode].webhook_endpoint;
    if (recorded === null || recorded === undefined || recorded.status === 'in_use') return nothing;
    const { id, status, since } = recorded;
    return status === 'left_in_stripe'
      ? html`<p class="fault">${fill(texts.endpointLeft, { id })}</p>`
      : html`<p>${fill(texts.endpointRemoved, { id, time: timeText(since, texts) })}</p>`;
  }

  private renderEndpoint(): TemplateResult | typeof nothing {
    const { endpoint, texts } = this;
    if (endpoint === undefined) return nothing;
    const { event_types: types } = endpoint;
    return html`<ul class="notes">
        ${endpointNotes(endpoint, texts).map((note) => html`<li>${note}</li>`)}
      </ul>
      ${
        types.length > 0
          ? html`<details>
              <summary>${fill(texts.endpointTypes, { count: types.length })}</summary>
              <ul>
                ${types.map((type) => html`<li><code>${type}</code></li>`)}
              </ul>
            </details>`
          : nothing
      }
      ${this.state.may('admin') ? this.renderActions(endpoint) : html`<p>${texts.needsAdmin}</p>`}`;
  }

  private renderActions(endpoint: WebhookEndpoint): TemplateResult {
    const { texts, mode } = this;
    const isWhole = endpoint.state === 'enabled' && endpoint.missing_event_types.length === 0;
    const button = {
      missing: texts.createEndpoint,
      disabled: texts.enableEndpoint,
      enabled: texts.completeEndpoint,
    }[endpoint.state];
    return html`<form @submit=${this.make}>
        ${isWhole ? nothing : html`<button part="button primary" class="primary">${button}</button>`}
        <details>
          <summary>${texts.chooseTypes}</summary>
          <label for="types-${mode}">${texts.typesLabel}</label>
          <textarea id="types-${mode}" part="input" rows="4" spellcheck="false" autocomplete="off"></textarea>
          <p class="hint">${texts.typesHint}</p>
          ${isWhole ? html`<button part="button">${texts.changeTypes}</button>` : nothing}
        </details>
      </form>
      ${endpoint.made_by === 'service' ? this.renderRemoval() : nothing}`;
  }

  private renderRemoval(): TemplateResult {
    const { texts } = this;
    if (!this.isRemovalAsked) {
      const ask = (): Promise<void> => {
        this.isRemovalAsked = true;
        return focusOn(this, '[part="notice"]');
      };
      return html`<button type="button" part="button danger" class="danger" @click=${ask}>
        ${texts.removeEndpoint}
      </button>`;
    }
    const cancel = (): Promise<void> => {
      this.isRemovalAsked = false;
      return focusOn(this, '.danger');
    };
    return html`<div
      class="notice"
      part="notice"
      tabindex="-1"
      role="group"
      aria-label=${texts.removeEndpoint}
    >
      <p>${texts.removeEndpointAsk}</p>
      <button type="button" part="button danger" class="danger" @click=${this.takeAway}>
        ${texts.removeEndpointConfirm}
      </button>
      <button type="button" part="button" @click=${cancel}>${texts.cancel}</button>
    </div>`;
  }

  private readonly ask = (): Promise<void> =>
    this.action.run(async () => {
      this.endpoint = await this.state.api.endpoint(this.mode);
    });

  private readonly make = (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const types =
      form
        .querySelector('textarea')
        ?.value.split(/[\s,]+/)
        .filter((type) => type !== '') ?? [];
    const { mode, state } = this;
    const { version } = state;
    return this.action.change(
      {
        change: () =>
          state.watch(
            () => changingSecrets(version, mode),
            state.api.makeEndpoint(mode, types.length > 0 ? types : undefined),
          ),
        // Its signing secret was stored.
        read: async (made) => {
          if (made !== undefined) form.reset();
          const [endpoint] = await Promise.all([made ?? state.api.endpoint(mode), state.load()]);
          this.endpoint = endpoint;
        },
        done: () => this.texts.endpointCreated,
      },
      this.texts,
    );
  };

  private readonly takeAway = (): Promise<void> => {
    this.isRemovalAsked = false;
    const { mode, state } = this;
    return this.action.change(
      {
        change: () => state.api.removeEndpoint(mode),
        read: async () => {
          const [endpoint] = await Promise.all([state.api.endpoint(mode), state.load()]);
          this.endpoint = endpoint;
        },
        done: () => this.texts.endpointGone,
      },
      this.texts,
    );
  };
}
