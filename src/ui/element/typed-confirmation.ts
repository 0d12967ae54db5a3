import { html, type TemplateResult } from 'lit';
import { fill } from '../texts/fill.js';
import { isTypedAs } from './as-read.js';

/** What is asked before something that nobody can undo. */
export interface Confirmation {
  id: string;
  /** What has to be typed. */
  word: string;
  /** With the place `{word}`. */
  label: string;
  button: string;
  cancel: string;
  isBusy: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/** A form whose button does something only once the word was typed; until then nothing is sent. */
export function typedConfirmation(confirmation: Confirmation): TemplateResult {
  const { id, word, label, button, cancel, isBusy, onConfirm, onCancel } = confirmation;
  const field = (form: HTMLFormElement): HTMLInputElement => form.elements[0] as HTMLInputElement;
  const onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (!isTypedAs(field(form).value, word)) {
      field(form).setCustomValidity(fill(label, { word }));
      field(form).reportValidity();
      return;
    }
    onConfirm();
  };
  const onInput = (event: InputEvent): void => {
    (event.target as HTMLInputElement).setCustomValidity('');
  };
  return html`<form class="confirmation" novalidate @submit=${onSubmit} @input=${onInput}>
    <label for=${id}>${fill(label, { word })}</label>
    <input id=${id} part="input" autocomplete="off" autocapitalize="off" spellcheck="false" required />
    <button part="button danger" class="danger" aria-busy=${isBusy}>${button}</button>
    <button type="button" part="button" @click=${onCancel}>${cancel}</button>
  </form>`;
}
