import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import type { ReceivedEvent } from '../api/project-api.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import { Section } from './section.js';
import { timeText } from './time.js';

/** One event of the list. Asks for `replay`. */
export class EventItem extends Section {
  @property({ attribute: false }) event!: ReceivedEvent;
  /** Its contents as text; only while they are shown. */
  @state() private contents: string | undefined;
  private readonly action = new Action(this);

  override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    if (changed.get('event') !== undefined && changed.get('event')?.id !== this.event.id)
      this.contents = undefined;
  }

  override disconnectedCallback(): void {
    this.contents = undefined;
    super.disconnectedCallback();
  }

  override render(): TemplateResult {
    const { event, texts, state } = this;
    return html`<p>
        <strong>${event.type}</strong>
        <span class=${event.status === 'failed' ? 'fault' : ''}>${texts[`status_${event.status}`]}</span>
      </p>
      <p class="hint">
        <code>${event.id}</code> · ${texts.eventReceived} ${timeText(event.received_at, texts)}
        ${event.object_id === null ? nothing : html`· ${texts.eventAbout} <code>${event.object_id}</code>`}
      </p>
      ${this.renderProgress()} ${state.may('admin') ? this.renderButtons() : nothing} ${this.renderContents()}
      ${this.action.render(texts)}`;
  }

  private renderProgress(): TemplateResult | typeof nothing {
    const { event, texts } = this;
    const said = [
      event.last_error === null ? '' : fill(texts.eventError, { error: event.last_error }),
      event.attempts > 1 || event.last_error !== null
        ? fill(texts.eventAttempts, { count: event.attempts })
        : '',
      event.next_attempt_at !== null && event.attempts > 0
        ? fill(texts.eventNext, { time: timeText(event.next_attempt_at, texts) })
        : '',
    ].filter((each) => each !== '');
    return said.length > 0 ? html`<p>${said.join(' ')}</p>` : nothing;
  }

  private renderButtons(): TemplateResult {
    const { event, texts, contents } = this;
    const isOpen = contents !== undefined;
    const canReplay = event.status === 'failed' || event.status === 'skipped';
    return html`<button
        type="button"
        part="button"
        aria-expanded=${isOpen}
        aria-label="${isOpen ? texts.hideContents : texts.showContents}: ${event.id}"
        @click=${isOpen ? this.hide : this.show}
      >
        ${isOpen ? texts.hideContents : texts.showContents}
      </button>
      ${
        canReplay
          ? html`<button
              type="button"
              part="button"
              aria-label="${texts.replay}: ${event.id}"
              @click=${() => this.dispatchEvent(new Event('replay'))}
            >
              ${texts.replay}
            </button>`
          : nothing
      }`;
  }

  private renderContents(): TemplateResult | typeof nothing {
    const { contents, texts, event } = this;
    if (contents === undefined) return nothing;
    if (contents === 'null') return html`<p>${texts.contentsErased}</p>`;
    return html`<pre
      part="contents"
      tabindex="0"
      role="region"
      aria-label=${fill(texts.contentsOf, { id: event.id })}
    >
${contents}</pre>`;
  }

  private readonly show = (): Promise<void> =>
    this.action.run(async () => {
      const { payload } = await this.state.api.event(this.event.mode, this.event.id);
      this.contents = JSON.stringify(payload, null, 2);
    });

  private readonly hide = (): void => {
    this.contents = undefined;
  };
}
