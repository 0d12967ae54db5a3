import { LitElement, html, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import type { Texts } from '../texts/texts.js';

/** A text to take along, with a button that copies it. Renders into the tree that it stands in. */
export class CopyField extends LitElement {
  @property() label = '';
  @property() text = '';
  @property({ attribute: false }) texts!: Pick<Texts, 'copy' | 'copied' | 'copyByHand'>;
  @state() private outcome = '';

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render(): TemplateResult {
    return html`<label class="copied"
        >${this.label} <input part="input" readonly .value=${this.text} @focus=${this.select}
      /></label>
      <button type="button" part="button" @click=${this.copy}>${this.texts.copy}</button>
      <span role="status">${this.outcome}</span>`;
  }

  private readonly select = (): void => {
    this.querySelector('input')?.select();
  };

  private readonly copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.text);
      this.outcome = this.texts.copied;
    } catch {
      // Browsers have no clipboard for pages without TLS, and may deny it to frames.
      this.querySelector('input')?.focus();
      this.outcome = this.texts.copyByHand;
    }
  };
}
