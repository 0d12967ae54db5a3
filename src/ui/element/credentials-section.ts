import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import {
  CREDENTIAL_FIELDS,
  modeOf,
  type CredentialField,
  type Mode,
} from '../../payments/domain/credentials.js';
import { ApiError } from '../api/api-error.js';
import { labelOf } from '../texts/credential-words.js';
import { fill } from '../texts/fill.js';
import { Action } from './action.js';
import type { Seen } from './conflict.js';
import type { CredentialInput } from './credential-input.js';
import { Drafts } from './drafts.js';
import { activityNote, leavingNotice, problemList } from './credential-notices.js';
import { sinceText } from './last-change.js';
import { refusalsOf, type Refusals } from './refusals.js';
import { Section } from './section.js';

/** A tab that somebody wants to go to while something is not stored yet. */
interface Leaving {
  mode: Mode;
  /** What goes along. */
  carried?: { field: CredentialField; from: CredentialInput };
}

/** The credentials of a mode: what is stored, and fields for new ones. What is left alone is not sent. */
export class CredentialsSection extends Section {
  /** Opens a tab. */
  @property({ attribute: false }) openMode: (mode: Mode) => void = () => undefined;
  @state() private refusals: Refusals = new Map();
  @state() private areProblemsListed = false;
  @state() private conflict: Seen | undefined;
  @state() private leaving: Leaving | undefined;
  @state() private edits = 0;
  private readonly drafts = new Drafts(this);
  private readonly action = new Action(this);

  override firstUpdated(): void {
    const carried = this.state.takeCarried(this.mode);
    const input = carried && this.drafts.of(carried.field);
    void input?.updateComplete.then(() => {
      input.value = carried?.value ?? '';
      input.focus();
    });
  }

  /**
   * Whether the tab may be left at once. Where something is entered, the person is asked, and goes there once it is discarded.
   */
  mayLeaveFor(mode: Mode): boolean {
    if (this.drafts.filled().length === 0) return true;
    void this.ask({ mode });
    return false;
  }

  override render(): TemplateResult {
    const { texts, mode, state } = this;
    const mayChange = state.may('admin');
    return html`<section part="section" aria-labelledby="keys-${mode}">
      <h3 id="keys-${mode}">${texts.keys}</h3>
      ${activityNote(state, texts)}
      <form novalidate autocomplete="off" @submit=${this.onSubmit} @draft=${this.onDraft}>
        ${CREDENTIAL_FIELDS.filter((field) => modeOf(field) === mode).map((field) => this.renderField(field))}
        ${this.areProblemsListed ? problemList(this.drafts.faulty(), texts) : nothing}
        ${this.renderConflict()} ${this.renderLeaving()}
        ${mayChange ? this.renderActions() : html`<p>${texts.needsAdmin}</p>`} ${this.action.render(texts)}
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
        .onMove=${this.move}
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

  private renderActions(): TemplateResult {
    const { texts } = this;
    return html`<div class="actions">
      <button part="button primary" class="primary" aria-busy=${this.action.isBusy}>${texts.store}</button>
      ${
        this.drafts.filled().length > 0
          ? html`<button type="button" part="button" @click=${this.discard}>${texts.discard}</button>`
          : nothing
      }
    </div>`;
  }

  private renderConflict(): TemplateResult | typeof nothing {
    if (this.conflict === undefined) return nothing;
    return html`<stripe-settings-conflict
      .state=${this.state}
      .texts=${this.texts}
      .seen=${this.conflict}
      .entered=${this.drafts.filled().filter(({ isNew }) => isNew)}
      .isBusy=${this.action.isBusy}
      .onChosen=${this.storeChosen}
      .onBack=${this.closeConflict}
    ></stripe-settings-conflict>`;
  }

  private renderLeaving(): TemplateResult | typeof nothing {
    const { leaving, texts } = this;
    if (leaving === undefined) return nothing;
    const onLeave = (): void => {
      this.leave(leaving);
    };
    const onStay = (): void => {
      this.leaving = undefined;
      leaving.carried?.from.focus();
    };
    return leavingNotice({ mode: leaving.mode, onLeave, onStay }, texts);
  }

  private readonly onSubmit = (event: SubmitEvent): void => {
    event.preventDefault();
    void this.storeFilled();
  };

  private async storeFilled(): Promise<void> {
    if (this.conflict !== undefined) {
      await this.focusOn('#conflict');
      return;
    }
    if (this.drafts.faulty().length > 0) {
      this.areProblemsListed = true;
      await this.focusOn('[part="problems"]');
      return;
    }
    await this.run(this.drafts.filled(), this.texts.nothingEntered);
    if (this.drafts.faulty().length > 0) await this.focusOn('[part="problems"]');
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
    const { state, texts } = this;
    const seen = { config: state.config ?? null, version: state.version };
    try {
      await state.store(Object.fromEntries(inputs.map(({ field, value }) => [field, value])));
    } catch (error) {
      if (!(error instanceof ApiError) || !(await this.isExplained(error, seen))) throw error;
      return '';
    }
    for (const input of inputs) input.wipe();
    this.conflict = undefined;
    this.areProblemsListed = false;
    return fill(texts.storedNow, { fields: inputs.map(({ field }) => labelOf(field, texts)).join(', ') });
  }

  /** Whether the fields or a choice say what a refusal was about. */
  private async isExplained(error: ApiError, seen: Seen): Promise<boolean> {
    if (error.status === 412) {
      await this.state.load();
      // Unless that failed, which is said above the tabs, both versions are known now.
      if (this.state.fault === undefined) this.conflict = seen;
      return true;
    }
    this.refusals = refusalsOf(error);
    await this.updateComplete;
    this.areProblemsListed = this.refusals.size > 0;
    return this.areProblemsListed;
  }

  private readonly storeChosen = async (mine: ReadonlySet<CredentialField>): Promise<void> => {
    for (const input of this.drafts.filled()) if (!mine.has(input.field)) input.wipe();
    if (mine.size === 0) this.conflict = undefined;
    await this.run(this.drafts.filled(), this.texts.keptTheirs);
    if (this.conflict === undefined) await this.focusOn('form > .actions button');
  };

  private readonly closeConflict = async (): Promise<void> => {
    this.conflict = undefined;
    await this.updateComplete;
    this.drafts.filled()[0]?.focus();
  };

  private readonly discard = async (): Promise<void> => {
    this.drafts.wipe();
    this.conflict = undefined;
    await this.run([], this.texts.discarded);
    await this.focusOn('form > .actions button');
  };

  private readonly move = (from: CredentialInput, to: CredentialField): void => {
    const home = this.drafts.of(to);
    if (home !== undefined) {
      home.value = from.value;
      from.wipe();
      home.focus();
      return;
    }
    const leaving = { mode: modeOf(to), carried: { field: to, from } };
    if (this.drafts.filled().length > 1) void this.ask(leaving);
    else this.leave(leaving);
  };

  private async ask(leaving: Leaving): Promise<void> {
    this.leaving = leaving;
    await this.focusOn('[part="leaving"]');
  }

  private leave({ mode, carried }: Leaving): void {
    if (carried !== undefined) this.state.carry(carried.field, carried.from.value);
    this.drafts.wipe();
    this.leaving = undefined;
    this.openMode(mode);
  }

  private async focusOn(selector: string): Promise<void> {
    await this.updateComplete;
    this.querySelector<HTMLElement>(selector)?.focus();
  }

  private readonly onDraft = (): void => {
    this.edits += 1;
  };
}
