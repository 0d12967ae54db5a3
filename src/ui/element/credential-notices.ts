import { html, nothing, type TemplateResult } from 'lit';
import { labelOf } from '../texts/credential-words.js';
import type { Texts } from '../texts/texts.js';
import type { CredentialInput } from './credential-input.js';
import type { ProjectState } from './project-state.js';

/** The fields that have to be mended before anything is stored, each a way to it. @param mayBeStored something that was sent before */
export function problemList(
  inputs: readonly CredentialInput[],
  texts: Texts,
  mayBeStored: boolean,
): TemplateResult | typeof nothing {
  if (inputs.length === 0) return nothing;
  return html`<div class="notice" part="problems" tabindex="-1" role="group" aria-labelledby="problems">
    <p id="problems">${mayBeStored ? texts.problemsPerhaps : texts.problems}</p>
    ${inputs.map((input) => {
      const go = (): void => {
        input.focus();
      };
      return html`<button type="button" part="button" @click=${go}>${labelOf(input.field, texts)}</button> `;
    })}
  </div>`;
}

/** What is asked before a place is left in which something is entered. @param leave the button that leaves it */
export function leavingNotice(
  { leave, onLeave, onStay }: { leave: string; onLeave: () => void; onStay: () => void },
  texts: Texts,
): TemplateResult {
  return html`<div class="notice" part="leaving" tabindex="-1" role="group" aria-labelledby="leaving">
    <p id="leaving">${texts.leaveAsk}</p>
    <div class="actions">
      <button type="button" part="button" @click=${onLeave}>${leave}</button>
      <button type="button" part="button" @click=${onStay}>${texts.stay}</button>
    </div>
  </div>`;
}

/** Whether anything is stored at all. */
export function activityNote(
  { config }: Pick<ProjectState, 'config'>,
  texts: Texts,
): TemplateResult | typeof nothing {
  if (config === null || config === undefined) return html`<p>${texts.nothingConfigured}</p>`;
  return config.is_active ? nothing : html`<p>${texts.deactivated}</p>`;
}

/** What stores what is entered, or empties the fields. @param onDiscard undefined: nothing is entered */
export function storeButtons(
  isBusy: boolean,
  onDiscard: (() => Promise<void>) | undefined,
  texts: Texts,
): TemplateResult {
  return html`<div class="actions">
    <button part="button primary" class="primary" aria-busy=${isBusy}>${texts.store}</button>
    ${
      onDiscard === undefined
        ? nothing
        : html`<button type="button" part="button" @click=${onDiscard}>${texts.discard}</button>`
    }
  </div>`;
}
