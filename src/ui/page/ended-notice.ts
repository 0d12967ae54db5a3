import { html, nothing, type TemplateResult } from 'lit';
import { PAGE } from '../texts/page-texts.js';

/** What is said when a session has ended, and the ways to sign in again. */
export function endedNotice({
  hasNoWindow,
  onAgain,
  onHere,
}: {
  /** Whether signing in again in a window of its own did not work, so that leaving the page is offered. */
  hasNoWindow: boolean;
  onAgain: () => void;
  onHere: () => void;
}): TemplateResult {
  return html`<div class="notice">
    <p>${PAGE.ended}</p>
    <button type="button" class="primary" @click=${onAgain}>${PAGE.signInAgain}</button>
    ${
      hasNoWindow
        ? html`<p>${PAGE.signInHereLeads}</p>
            <button type="button" @click=${onHere}>${PAGE.signInHere}</button>`
        : nothing
    }
  </div>`;
}
