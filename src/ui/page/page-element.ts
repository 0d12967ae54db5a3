import { LitElement, html, type TemplateResult } from 'lit';

/** The page of the service: who is signed in, their projects, and the settings of one. */
export class PageElement extends LitElement {
  override render(): TemplateResult {
    return html`<main><h1>Stripe settings</h1></main>`;
  }
}
