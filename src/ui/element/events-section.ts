import { html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { unlessOff } from '../api/api-error.js';
import { EVENT_STATUSES } from '../api/event-statuses.js';
import type { EventQuery, ReceivedEvent } from '../api/project-api.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import { Section } from './section.js';

interface FilterFields {
  status: HTMLSelectElement;
  type: HTMLInputElement;
}

/** The events of a mode that came, newest first, and replaying those that failed. */
export class EventsSection extends Section {
  @state() private events: readonly ReceivedEvent[] | undefined;
  /** Whether the host takes no webhooks at all. */
  private isOff = false;
  private filter: Pick<EventQuery, 'status' | 'type'> = {};
  private next: string | null = null;
  private readonly action = new Action(this);

  override firstUpdated(): void {
    void this.action.load(() => this.read());
  }

  override render(): TemplateResult | typeof nothing {
    if (this.isOff) return nothing;
    const { texts, mode, events } = this;
    return html`<section part="section" aria-labelledby="events-${mode}" aria-busy=${this.action.isBusy}>
      <h3 id="events-${mode}">${texts.events}</h3>
      ${this.renderFilter()}
      ${
        events?.length === 0
          ? html`<p>${Object.keys(this.filter).length > 0 ? texts.noSuchEvents : texts.noEvents}</p>`
          : nothing
      }
      <ul class="events">
        ${events?.map(
          (event) =>
            html`<li>
              <stripe-settings-event
                .state=${this.state}
                .texts=${texts}
                .event=${event}
                mode=${mode}
                @replay=${() => this.replay(event)}
              ></stripe-settings-event>
            </li>`,
        )}
      </ul>
      ${
        this.next === null
          ? nothing
          : html`<button type="button" part="button" @click=${this.loadMore}>${texts.moreEvents}</button>`
      }
      ${this.action.render(texts)}
    </section>`;
  }

  private renderFilter(): TemplateResult {
    const { texts, mode } = this;
    return html`<form class="filter" @submit=${this.applyFilter}>
      <label
        >${texts.filterStatus}
        <select name="status" part="input">
          <option value="">${texts.anyStatus}</option>
          ${EVENT_STATUSES.map((each) => html`<option value=${each}>${texts[`status_${each}`]}</option>`)}
        </select>
      </label>
      <label
        >${texts.filterType}
        <input
          name="type"
          part="input"
          aria-describedby="type-hint-${mode}"
          autocomplete="off"
          spellcheck="false"
        />
      </label>
      <button part="button">${texts.applyFilter}</button>
      <button type="button" part="button" @click=${this.refresh}>${texts.refresh}</button>
      ${
        this.state.may('admin')
          ? html`<button type="button" part="button" @click=${this.replayFailed}>
              ${texts.replayFailed}
            </button>`
          : nothing
      }
      <p class="hint" id="type-hint-${mode}">${texts.filterTypeHint}</p>
    </form>`;
  }

  private readonly applyFilter = (event: SubmitEvent): void => {
    event.preventDefault();
    const { status, type } = (event.currentTarget as HTMLFormElement).elements as unknown as FilterFields;
    const pattern = type.value.trim();
    this.filter = {
      ...(status.value !== '' && { status: status.value }),
      ...(pattern !== '' && { type: pattern }),
    };
    void this.load();
  };

  private readonly load = (): Promise<void> => this.action.run(() => this.read());

  /** What came also changes how webhooks are doing. */
  private readonly refresh = (): Promise<void> =>
    this.action.run(() => Promise.all([this.read(), this.state.loadHealth()]));

  private readonly loadMore = (): Promise<void> =>
    this.action.run(() => this.read(this.next ?? undefined, this.events));

  private replay({ id }: ReceivedEvent): Promise<void> {
    return this.action.change(
      {
        change: () => this.state.api.replay(this.mode, id),
        read: async (replayed) => {
          if (replayed === undefined) await this.read();
          else this.events = this.events?.map((each) => (each.id === id ? replayed : each));
        },
        done: () => fill(this.texts.replayed, { id }),
      },
      this.texts,
    );
  }

  private readonly replayFailed = (): Promise<void> =>
    this.action.change(
      {
        change: () => this.state.api.replayFailed(this.mode),
        read: () => this.read(),
        done: ({ replayed }) => fill(this.texts.replayedFailed, { count: replayed }),
      },
      this.texts,
    );

  private async read(cursor?: string, before: readonly ReceivedEvent[] = []): Promise<void> {
    const { mode, filter } = this;
    const page = await unlessOff(
      this.state.api.events({ ...filter, mode, ...(cursor !== undefined && { cursor }) }),
    );
    this.isOff = page === undefined;
    this.events = [...before, ...(page?.events ?? [])];
    this.next = page?.next_cursor ?? null;
  }
}
