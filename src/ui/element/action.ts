import {
  html,
  nothing,
  type ReactiveController,
  type ReactiveControllerHost,
  type TemplateResult,
} from 'lit';
import type { ApiError } from '../api/api-error.js';
import { faultText } from '../texts/fault-text.js';
import type { Texts } from '../texts/texts.js';
import { asApiError } from './project-state.js';

/**
 * Does what a person asks for, one thing at a time, and says how it ended. Buttons stay enabled meanwhile, since one that is
 * disabled loses the focus of the keyboard; what is asked for meanwhile is not done.
 */
export class Action implements ReactiveController {
  isBusy = false;
  private fault: ApiError | undefined;
  private done = '';

  constructor(private readonly host: ReactiveControllerHost) {
    host.addController(this);
  }

  hostConnected(): void {
    // A controller has to have one of Lit's callbacks.
  }

  /** @param done what is said when it is done, or what says so of its result */
  async run<T>(work: () => Promise<T>, done: string | ((result: T) => string) = ''): Promise<void> {
    if (this.isBusy) return;
    this.show(true, undefined, '');
    try {
      const result = await work();
      this.show(false, undefined, typeof done === 'string' ? done : done(result));
    } catch (error) {
      this.show(false, asApiError(error), '');
    }
  }

  /** Forgets how the last one ended. */
  clear(): void {
    this.show(this.isBusy, undefined, '');
  }

  render(texts: Texts): TemplateResult {
    const { fault, done } = this;
    return html`<p role="status" part="done">${done === '' ? nothing : done}</p>
      <div role="alert">${fault && html`<p class="fault" part="fault">${faultText(fault, texts)}</p>`}</div>`;
  }

  private show(isBusy: boolean, fault: ApiError | undefined, done: string): void {
    Object.assign(this, { isBusy, fault, done });
    this.host.requestUpdate();
  }
}
