import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { ApiError, isUnanswered } from '../api/api-error.js';
import { Action } from './action.js';
import { perhapsDone } from './changed.js';
import { focusOn } from './focus.js';
import { asApiError } from './project-state.js';
import { Section } from './section.js';
import { typedConfirmation } from './typed-confirmation.js';
import { ownChanges, whoseSince } from './unanswered.js';

/**
 * Turns Stripe off for the project, behind a word that has to be typed. Reports `deactivated`, so that nothing which was entered
 * before activates it again.
 */
export class DeactivateSection extends Section {
  /** What people call the project; the word to type. Default: its id. */
  @property({ attribute: 'project-name' }) projectName = '';
  @state() private isOpen = false;
  private readonly action = new Action(this);

  override render(): TemplateResult {
    const { texts, state } = this;
    const isActive = state.config?.is_active === true;
    return html`<section part="section" aria-labelledby="deactivation">
      ${isActive ? html`<h3 id="deactivation">${texts.deactivation}</h3>` : nothing}
      ${!isActive ? nothing : state.may('owner') ? this.renderQuestion() : html`<p>${texts.needsOwner}</p>`}
      ${this.action.render(texts)}
    </section>`;
  }

  private renderQuestion(): TemplateResult {
    const { texts } = this;
    if (!this.isOpen) {
      const open = (): Promise<void> => {
        this.isOpen = true;
        return focusOn(this, '#deactivation-word');
      };
      return html`<button type="button" part="button danger" class="danger" @click=${open}>
        ${texts.deactivate} …
      </button>`;
    }
    const close = (): Promise<void> => {
      this.isOpen = false;
      return focusOn(this, 'button');
    };
    return html`<p>${texts.deactivationEffect}</p>
      ${typedConfirmation({
        id: 'deactivation-word',
        word: this.projectName.trim() || this.state.api.projectId,
        label: texts.typeToConfirm,
        button: texts.deactivate,
        cancel: texts.cancel,
        isBusy: this.action.isBusy,
        onConfirm: () => void this.deactivate(),
        onCancel: () => void close(),
      })}`;
  }

  private readonly deactivate = (): Promise<void> =>
    this.action.run(
      async () => {
        const { texts, state } = this;
        const { version } = state;
        try {
          await state.deactivate();
        } catch (error) {
          return this.explain(asApiError(error), version);
        }
        this.dispatchEvent(new Event('deactivated'));
        await state.load();
        this.isOpen = false;
        return texts.deactivationDone;
      },
      (said) => said,
    );

  /** Says what became of a deactivation that was refused or got no answer. @param version that it was meant for */
  private async explain(error: ApiError, version: number): Promise<string> {
    const { texts, state } = this;
    if (!isUnanswered(error) && error.status !== 412) throw error;
    await state.load();
    const whose = whoseSince(version, state);
    const isOwn = ownChanges(version, state).some(({ action }) => action === 'deleted');
    if (state.config?.is_active === false && (isOwn || whose === 'perhaps')) {
      this.dispatchEvent(new Event('deactivated'));
      this.isOpen = false;
      return texts.deactivationFound;
    }
    await this.askForWordAgain();
    if (isUnanswered(error)) throw perhapsDone(error, texts);
    // The other version may be of the person's own change.
    throw whose === 'others' ? error : new ApiError(412, 'changed', texts.changedPerhapsByYou);
  }

  private async askForWordAgain(): Promise<void> {
    await this.updateComplete;
    const word = this.querySelector('input');
    if (word === null) return;
    word.value = '';
    word.focus();
  }
}
