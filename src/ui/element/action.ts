import { html, nothing, type LitElement, type ReactiveController, type TemplateResult } from 'lit';
import { createRef, ref } from 'lit/directives/ref.js';
import type { ApiError } from '../api/api-error.js';
import { faultText } from '../texts/fault-text.js';
import type { Texts } from '../texts/texts.js';
import { changed, type Change } from './changed.js';
import { keepFocus } from './focus.js';
import { asApiError } from './project-state.js';

/**
 * Does what a person asks for, one thing at a time, and says how it ended. Buttons stay enabled meanwhile, since one that is
 * disabled loses the focus of the keyboard; what is asked for meanwhile is not done. Where the button is not needed any more, the
 * focus goes to what is said.
 */
export class Action implements ReactiveController {
  private isActing = false;
  private loading: Promise<void> | undefined;
  private fault: ApiError | undefined;
  private done = '';
  private readonly said = createRef<HTMLElement>();

  constructor(private readonly host: LitElement) {
    host.addController(this);
  }

  hostConnected(): void {
    // A controller has to have one of Lit's callbacks.
  }

  get isBusy(): boolean {
    return this.isActing || this.loading !== undefined;
  }

  /** Reads what is shown first. What a person asks for meanwhile is done afterwards. */
  async load(work: () => Promise<unknown>): Promise<void> {
    const keep = keepFocus(this.host);
    this.show(this.isActing, undefined, '');
    this.loading = work().then(
      () => undefined,
      (error: unknown) => {
        this.show(this.isActing, asApiError(error), '');
      },
    );
    await this.loading;
    this.loading = undefined;
    this.host.requestUpdate();
    keep(this.outcome);
  }

  /** @param done what is said when it is done, or what says so of its result */
  async run<T>(work: () => Promise<T>, done: string | ((result: T) => string) = ''): Promise<void> {
    if (this.isActing) return;
    const keep = keepFocus(this.host);
    this.show(true, undefined, '');
    await this.loading;
    try {
      const result = await work();
      this.show(false, undefined, typeof done === 'string' ? done : done(result));
    } catch (error) {
      this.show(false, asApiError(error), '');
    }
    keep(this.outcome);
  }

  /** As {@link run}, with what {@link changed} says of a change. */
  change<T>(change: Change<T>, texts: Texts): Promise<void> {
    return this.run(
      () => changed(change, texts),
      (said) => said,
    );
  }

  /** Forgets how the last one ended. */
  clear(): void {
    this.show(this.isActing, undefined, '');
  }

  render(texts: Texts): TemplateResult {
    const { fault, done } = this;
    return html`<div ${ref(this.said)}>
      <p role="status" part="done">${done === '' ? nothing : done}</p>
      <div role="alert">${fault && html`<p class="fault" part="fault">${faultText(fault, texts)}</p>`}</div>
    </div>`;
  }

  /** What the focus goes to: what is said, or else what it was about. */
  private readonly outcome = (): HTMLElement | null | undefined =>
    this.said.value?.textContent.trim() === ''
      ? this.host.renderRoot.querySelector('h2, h3, h4')
      : this.said.value;

  private show(isActing: boolean, fault: ApiError | undefined, done: string): void {
    Object.assign(this, { isActing, fault, done });
    this.host.requestUpdate();
  }
}
