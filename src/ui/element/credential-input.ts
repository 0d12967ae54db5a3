import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import {
  FOREIGN_MASK,
  findFault,
  findHome,
  isMaskOf,
  prefixesOf,
  trimmed,
  type Fault,
} from '../../payments/domain/credential-rules.js';
import { describeCredential, type CredentialField } from '../../payments/domain/credentials.js';
import { causeText, fullLabelOf, labelOf, nameOf } from '../texts/credential-words.js';
import { fill } from '../texts/fill.js';
import type { Texts } from '../texts/texts.js';
import { focusOn } from './focus.js';

/**
 * A field for a new credential, which says at once what was pasted. The value is in the `<input>` alone: nothing keeps it, and the
 * input is replaced when it goes. Reports `draft`, without the value, when that has changed.
 */
export class CredentialInput extends LitElement {
  @property({ attribute: false }) field: CredentialField = 'test_secret_key';
  @property({ attribute: false }) texts!: Texts;
  /** Of what is stored. */
  @property({ attribute: false }) mask: string | null = null;
  /** Since when, and by whom. */
  @property({ attribute: false }) since = '';
  /** Whether the caller may change it. */
  @property({ attribute: false }) isEditable = true;
  /** What the service refused. */
  @property({ attribute: false }) refusal: Fault | undefined;
  /** Moves the value to another field. */
  @property({ attribute: false }) onMove: (from: CredentialInput, to: CredentialField) => void = () =>
    undefined;

  /** Something is entered. */
  isFilled = false;
  /** What is wrong with it, before it is sent. */
  fault: Fault | undefined;
  /** What Stripe calls it; empty where it is no credential of this field. */
  private name = '';
  private home: CredentialField | undefined;
  @state() private isShown = false;
  @state() private generation = 0;

  /** What is entered, for as long as it takes to send it. */
  get value(): string {
    return trimmed(this.querySelector('input')?.value ?? '');
  }

  set value(value: string) {
    const input = this.querySelector('input');
    if (input === null) return;
    input.value = value;
    this.look();
  }

  /** A credential of this field is entered, whole, and no mask. */
  get isNew(): boolean {
    return this.name !== '';
  }

  /** Lets nothing of the value be left in the page. */
  wipe(): void {
    const input = this.querySelector('input');
    const hasFocus = input?.matches(':focus') === true;
    if (input !== null) input.value = '';
    // Browsers keep the text of the last match, which was the value.
    /.?/.exec('');
    this.generation += 1;
    this.isShown = false;
    this.look();
    if (hasFocus) void focusOn(this, 'input');
  }

  override focus(): void {
    this.querySelector('input')?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // Who moves an element takes it out and puts it in again at once.
    setTimeout(() => {
      if (!this.isConnected) this.wipe();
    });
  }

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override render(): TemplateResult {
    const { field, texts } = this;
    const { source } = describeCredential(field);
    const stored = this.mask === null ? texts.isNotStored : fill(texts.isStored, { mask: this.mask });
    return html`<div class="credential" part="credential">
      <label for="in-${field}">${labelOf(field, texts)}</label>
      <p class="stored" id="is-${field}" part="stored">${stored} <span class="hint">${this.since}</span></p>
      ${
        this.isEditable
          ? html`<div class="paste">${keyed(this.generation, this.renderInput())} ${this.renderEye()}</div>
              <p class="hint" id="how-${field}">
                ${fill(texts.whereInStripe, { source, prefixes: prefixesOf(field) })} ${texts.newValue}
              </p>
              <div aria-live="polite" id="note-${field}">${this.renderNote()}</div>`
          : nothing
      }
    </div>`;
  }

  /** Without a name or a type by which managers of passwords know theirs, and with the marks by which they leave others alone. */
  private renderInput(): TemplateResult {
    const { field } = this;
    return html`<input
      id="in-${field}"
      part="input"
      type="text"
      class=${this.isShown || describeCredential(field).visibility === 'public' ? '' : 'hidden-text'}
      autocomplete="off"
      autocapitalize="off"
      autocorrect="off"
      spellcheck="false"
      data-1p-ignore
      data-lpignore="true"
      data-bwignore="true"
      data-form-type="other"
      data-protonpass-ignore="true"
      aria-describedby="is-${field} how-${field} note-${field}"
      aria-invalid=${this.shownFault === undefined ? 'false' : 'true'}
      @input=${this.look}
    />`;
  }

  private renderEye(): TemplateResult | typeof nothing {
    const { field, texts } = this;
    if (describeCredential(field).visibility === 'public') return nothing;
    const toggle = (): boolean => (this.isShown = !this.isShown);
    return html`<button
      type="button"
      part="button"
      aria-pressed=${this.isShown}
      aria-label=${fill(texts.showField, { label: labelOf(field, texts) })}
      @click=${toggle}
    >
      ${this.isShown ? texts.hide : texts.show}
    </button>`;
  }

  private renderNote(): TemplateResult | typeof nothing {
    const { field, texts, shownFault, home } = this;
    if (shownFault !== undefined) {
      return html`<p class="fault" part="fault">${causeText(shownFault, field, texts)}</p>
        ${
          home === undefined
            ? nothing
            : html`<button
                type="button"
                part="button"
                @click=${() => {
                  this.onMove(this, home);
                }}
              >
                ${fill(texts.moveTo, { label: fullLabelOf(home, texts) })}
              </button>`
        }`;
    }
    if (!this.isFilled) return nothing;
    const { kind } = describeCredential(field);
    return html`<p part="recognized">
      ${this.name === '' ? texts.sameMask : fill(texts.recognized, { name: this.name })}
      ${kind === 'secret_key' && this.name.includes('secret') ? texts.restrictedIsBetter : nothing}
    </p>`;
  }

  private get shownFault(): Fault | undefined {
    return this.fault ?? this.refusal;
  }

  /** Keeps what is said of the value, never the value. */
  private readonly look = (): void => {
    const { field, value } = this;
    this.isFilled = value !== '';
    this.refusal = undefined;
    const isMask = this.isFilled && isMaskOf(field, value);
    this.fault = !this.isFilled
      ? undefined
      : isMask && value !== this.mask
        ? FOREIGN_MASK
        : findFault(field, value);
    const home = this.fault === undefined ? undefined : findHome(field, value)?.field;
    // What is wrong elsewhere, too, is not worth moving.
    this.home =
      home !== undefined && home !== field && findFault(home, value) === undefined ? home : undefined;
    this.name = this.isFilled && !isMask && this.fault === undefined ? nameOf(field, value) : '';
    this.requestUpdate();
    this.dispatchEvent(new Event('draft', { bubbles: true }));
  };
}
