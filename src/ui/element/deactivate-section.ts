import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { ApiError } from '../api/api-error.js';
import { Action } from './action.js';
import { focusOn } from './focus.js';
import { Section } from './section.js';
import { typedConfirmation } from './typed-confirmation.js';

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
    this.action.run(async () => {
      try {
        await this.state.deactivate();
      } catch (error) {
        if (error instanceof ApiError && error.status === 412) await this.showWhatIsThere();
        throw error;
      }
      this.dispatchEvent(new Event('deactivated'));
      await this.state.load();
      this.isOpen = false;
    }, this.texts.deactivationDone);

  /** Somebody else has changed it: that is shown, and the word has to be typed once more. */
  private async showWhatIsThere(): Promise<void> {
    await this.state.load();
    await this.updateComplete;
    const word = this.querySelector('input');
    if (word === null) return;
    word.value = '';
    word.focus();
  }
}
