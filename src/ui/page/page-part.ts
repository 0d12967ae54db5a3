import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { property } from 'lit/decorators.js';
import { Action } from '../element/action.js';
import { ENGLISH } from '../texts/texts.js';
import type { ProjectsApi } from './projects-api.js';

/** A part of the page. It renders into the shadow tree of the page, so that one set of styles holds for all. */
export abstract class PagePart extends LitElement {
  @property({ attribute: false }) api!: ProjectsApi;
  /** Whether it takes the focus, as the part that somebody has gone to. */
  @property({ attribute: false }) takesFocus = false;
  protected readonly action = new Action(this);

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override firstUpdated(): void {
    if (this.takesFocus) this.querySelector<HTMLElement>('h2')?.focus();
    void this.load();
  }

  /** Reads what it shows first. */
  protected abstract load(): Promise<void>;

  /** How the last action ended. @param isLoaded whether there is anything to show */
  protected renderOutcome(isLoaded: boolean): TemplateResult {
    const canRepeat = !isLoaded && !this.action.isBusy;
    return html`${this.action.render(ENGLISH)}
    ${canRepeat ? html`<button type="button" @click=${() => this.load()}>${ENGLISH.tryAgain}</button>` : nothing}`;
  }
}
