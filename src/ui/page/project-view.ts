import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { isEnough } from '../../payments/domain/project-access.js';
import { focusOn } from '../element/focus.js';
import { typedConfirmation } from '../element/typed-confirmation.js';
import { PAGE } from '../texts/page-texts.js';
import { ENGLISH } from '../texts/texts.js';
import { PagePart } from './page-part.js';
import type { Project } from './projects-api.js';

/** One project: its settings, its members, and deactivating it. */
export class ProjectView extends PagePart {
  @property() projectId = '';
  /** Who looks. */
  @property({ attribute: false }) subject: string | undefined;
  @property({ attribute: false }) token!: (refused?: string) => Promise<string>;
  @state() private project: Project | undefined;
  @state() private isClosing = false;

  protected load(): Promise<void> {
    return this.action.run(async () => {
      this.project = await this.api.find(this.projectId);
      document.title = `${this.project.name} – ${PAGE.title}`;
    });
  }

  override render(): TemplateResult {
    const { project } = this;
    return html`<p><a href="#/">${PAGE.allProjects}</a></p>
      <h2 tabindex="-1">${project?.name ?? ENGLISH.loading}</h2>
      ${project && this.renderProject(project)} ${this.renderOutcome(project !== undefined)}`;
  }

  private renderProject({ id, name, description, is_active, role }: Project): TemplateResult {
    return html`${description === null ? nothing : html`<p>${description}</p>`}
    ${
      is_active
        ? html`<stripe-settings
              api-base="api/v1/payments"
              project-id=${id}
              project-name=${name}
              caller-role=${role}
              .token=${this.token}
            ></stripe-settings>
            ${
              isEnough(role, 'admin')
                ? html`<stripe-page-members
                      .api=${this.api}
                      .projectId=${id}
                      .ownRole=${role}
                    ></stripe-page-members>
                    <stripe-page-tokens
                      .api=${this.api}
                      .projectId=${id}
                      .projectName=${name}
                      .ownRole=${role}
                      .subject=${this.subject}
                    ></stripe-page-tokens>`
                : nothing
            }
            ${isEnough(role, 'owner') ? this.renderDeactivation(name) : nothing}`
        : html`<p>${PAGE.deactivatedProject}</p>`
    }`;
  }

  private renderDeactivation(name: string): TemplateResult {
    const open = (): Promise<void> => {
      this.isClosing = true;
      return focusOn(this, '#close-word');
    };
    const close = (): Promise<void> => {
      this.isClosing = false;
      return focusOn(this, '[aria-labelledby="close"] button');
    };
    return html`<section aria-labelledby="close">
      <h3 id="close">${PAGE.deactivateProject}</h3>
      ${
        this.isClosing
          ? html`<p>${PAGE.deactivateEffect}</p>
              ${typedConfirmation({
                id: 'close-word',
                word: name.trim() || this.projectId,
                label: PAGE.typeToConfirm,
                button: PAGE.deactivate,
                cancel: ENGLISH.cancel,
                isBusy: this.action.isBusy,
                onConfirm: () => void this.deactivate(),
                onCancel: () => void close(),
              })}`
          : html`<button type="button" class="danger" @click=${open}>${PAGE.deactivateProject} …</button>`
      }
    </section>`;
  }

  private deactivate(): Promise<void> {
    return this.action.run(async () => {
      await this.api.deactivate(this.projectId);
      // What is entered into its settings is of no use any more, and asked about by nobody.
      if (this.project !== undefined) this.project = { ...this.project, is_active: false };
      await this.updateComplete;
      location.hash = '#/';
    });
  }
}
