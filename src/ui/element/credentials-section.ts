import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import {
  CREDENTIAL_FIELDS,
  modeOf,
  type CredentialField,
  type Mode,
} from '../../payments/domain/credentials.js';
import type { StripeConfigRequest } from '../../payments/stripe-config/stripe-config.dto.js';
import { ApiError } from '../api/api-error.js';
import { labelOf } from '../texts/credential-words.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import { ConflictWatch, seenOf } from './conflict-watch.js';
import type { Choices } from './conflict-notice.js';
import type { CredentialInput } from './credential-input.js';
import { Drafts } from './drafts.js';
import { focusOn } from './focus.js';
import { activityNote, problemList, storeButtons } from './credential-notices.js';
import { sinceText } from './last-change.js';
import { refusalsOf, withoutField, type Refusals } from './refusals.js';
import { Section } from './section.js';
import { discarded, storeFault } from './store-fault.js';
import { TabLeaving } from './tab-leaving.js';

/** The credentials of a mode: what is stored, and fields for new ones. What is left alone is not sent. */
export class CredentialsSection extends Section {
  /** Opens a tab. */
  @property({ attribute: false }) openMode: (mode: Mode) => void = () => undefined;
  @state() private refusals: Refusals = new Map();
  @state() private areProblemsListed = false;
  @state() private edits = 0;
  private readonly conflict = new ConflictWatch();
  private readonly drafts = new Drafts(this);
  private readonly leaving = new TabLeaving(this, this.drafts);
  private readonly action = new Action(this);

  override firstUpdated(): void {
    const carried = this.state.takeCarried(this.mode);
    const input = carried && this.drafts.of(carried.field);
    void input?.updateComplete.then(() => {
      input.value = carried?.value ?? '';
      input.focus();
    });
  }

  /** Whether something is entered that is not stored. */
  get hasDrafts(): boolean {
    return this.drafts.filled().length > 0;
  }

  /** Lets go of everything that is entered. */
  forget(): void {
    this.leaving.forget();
    this.drafts.wipe();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed);
    // Of what the section itself is storing, it says so.
    if (!this.action.isBusy)
      this.conflict.look(
        this.state,
        this.drafts.filled().map(({ field }) => field),
      );
  }

  /**
   * Whether the tab may be left at once. Where something is entered, the person is asked, and goes there once it is discarded.
   */
  mayLeaveFor(mode: Mode): boolean {
    if (!this.hasDrafts) return true;
    this.leaving.ask({ mode });
    return false;
  }

  override render(): TemplateResult {
    const { texts, mode, state } = this;
    return html`<section part="section" aria-labelledby="keys-${mode}">
      <h3 id="keys-${mode}">${texts.keys}</h3>
      ${activityNote(state, texts)}
      <form novalidate autocomplete="off" @submit=${this.onSubmit} @draft=${this.onDraft}>
        ${CREDENTIAL_FIELDS.filter((field) => modeOf(field) === mode).map((field) => this.renderField(field))}
        ${this.areProblemsListed ? problemList(this.drafts.faulty(), texts, this.mayBeStored) : nothing}
        ${this.renderConflict()} ${this.leaving.render()}
        ${state.may('admin') ? storeButtons(this.action.isBusy, this.hasDrafts ? this.discard : undefined, texts) : html`<p>${texts.needsAdmin}</p>`}
        ${this.action.render(texts)}
      </form>
    </section>`;
  }

  private renderField(field: CredentialField): TemplateResult {
    const { texts, state, mode } = this;
    const mask = state.config?.[`${field}_masked`] ?? null;
    return html`<stripe-settings-credential
        .field=${field}
        .texts=${texts}
        .mask=${mask}
        .since=${sinceText(field, state, texts)}
        .isEditable=${state.may('admin')}
        .refusal=${this.refusals.get(field)}
        .onMove=${this.leaving.move}
      ></stripe-settings-credential>
      ${
        field.endsWith('secret_key')
          ? html`<stripe-settings-key
              .state=${state}
              .texts=${texts}
              mode=${mode}
              .draft=${this.drafts.of(field)?.isNew === true ? this.edits : 0}
              .read=${() => this.drafts.of(field)?.value ?? ''}
            ></stripe-settings-key>`
          : nothing
      }`;
  }

  private renderConflict(): TemplateResult | typeof nothing {
    const seen = this.conflict.shown(this.state);
    if (seen === undefined) return nothing;
    return html`<stripe-settings-conflict
      .state=${this.state}
      .texts=${this.texts}
      .seen=${seen}
      .entered=${this.drafts.filled().filter(({ isNew }) => isNew)}
      .isBusy=${this.action.isBusy}
      .onChosen=${this.storeChosen}
      .onBack=${this.closeConflict}
    ></stripe-settings-conflict>`;
  }

  private readonly onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.storeFilled();
  };

  private async storeFilled(): Promise<void> {
    if (this.conflict.asked !== undefined) {
      await this.askAgain();
      return;
    }
    if (this.drafts.faulty().length > 0) {
      this.areProblemsListed = true;
      await focusOn(this, '[part="problems"]');
      return;
    }
    await this.run(this.drafts.filled(), this.texts.nothingEntered);
    if (this.drafts.faulty().length > 0) await focusOn(this, '[part="problems"]');
  }

  /** @param otherwise what is said where there is nothing to store */
  private run(inputs: readonly CredentialInput[], otherwise: string): Promise<void> {
    return this.action.run(
      () => (inputs.length === 0 ? Promise.resolve(otherwise) : this.store(inputs)),
      (said) => said,
    );
  }

  /** @returns what is said of it */
  private async store(inputs: readonly CredentialInput[]): Promise<string> {
    const { texts, state } = this;
    const sent: StripeConfigRequest = Object.fromEntries(inputs.map(({ field, value }) => [field, value]));
    try {
      await state.store(sent);
    } catch (error) {
      if (!(error instanceof ApiError) || !(await this.isExplained(error)))
        throw storeFault(error, state, texts);
      return '';
    }
    // What was typed meanwhile is not stored.
    for (const input of inputs) if (input.value === sent[input.field] || input.value === '') input.wipe();
    this.settle();
    this.areProblemsListed = false;
    return fill(texts.storedNow, { fields: inputs.map(({ field }) => labelOf(field, texts)).join(', ') });
  }

  /** Whether the fields or a choice say what a refusal was about. */
  private async isExplained(error: ApiError): Promise<boolean> {
    // Who may never store it keeps nothing of it. A host may refuse for other reasons, and the person try again.
    if (error.code === 'insufficient_role' || error.code === 'not_project_owner') {
      const said = this.mayBeStored ? this.texts.notAllowedPerhaps : this.texts.notAllowed;
      this.drafts.wipe();
      throw new ApiError(403, 'not_allowed', said);
    }
    if (error.status === 412) {
      // Remembered first: it stays a question while the other version cannot be read.
      this.conflict.ask(seenOf(this.state));
      await this.state.load();
      return this.conflict.shown(this.state) !== undefined;
    }
    this.refusals = refusalsOf(error);
    await this.updateComplete;
    return (this.areProblemsListed = this.refusals.size > 0);
  }

  private readonly storeChosen = async (choices: Choices): Promise<void> => {
    const chosen = (whose: 'mine' | 'theirs'): CredentialInput[] =>
      this.drafts.filled().filter(({ field }) => choices.get(field) === whose);
    for (const input of chosen('theirs')) input.wipe();
    const mine = chosen('mine');
    if (mine.length === 0) this.settle();
    await this.run(mine, this.texts.keptTheirs);
    if (this.conflict.asked === undefined) await focusOn(this, 'form > .actions button');
  };

  /** Shows both versions, also after the person went back to the fields: they have chosen nothing yet. */
  private async askAgain(): Promise<void> {
    const { conflict, state } = this;
    conflict.isOpen = true;
    if (conflict.shown(state) === undefined) {
      await state.load();
      // There is no other version after all.
      if (state.fault === undefined && conflict.shown(state) === undefined) this.settle();
    }
    await focusOn(this, '#conflict');
  }

  private get seenVersion(): number {
    return this.conflict.asked?.version ?? this.state.version;
  }

  /** Whether something that was entered was sent before without an answer. */
  private get mayBeStored(): boolean {
    return this.state.mayBeStoredSince(this.seenVersion);
  }

  private settle(): void {
    this.conflict.settle(this.hasDrafts ? seenOf(this.state) : undefined);
  }

  private readonly closeConflict = async (): Promise<void> => {
    this.conflict.isOpen = false;
    await focusOn(this, `#in-${this.drafts.filled()[0]?.field ?? ''}`);
  };

  private readonly discard = async (): Promise<void> => {
    const { seenVersion } = this;
    this.drafts.wipe();
    await this.action.run(
      () => discarded(seenVersion, this.state, this.texts),
      (said) => said,
    );
    await focusOn(this, 'form > .actions button');
  };

  private readonly onDraft = ({ target }: Event): void => {
    this.refusals = withoutField(this.refusals, (target as CredentialInput).field);
    this.edits += 1;
    this.conflict.onDraft(this.state, this.hasDrafts);
  };
}
