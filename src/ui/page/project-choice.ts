import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { isEnough } from '../../payments/domain/project-access.js';
import { PAGE } from '../texts/page-texts.js';
import { PagePart } from './page-part.js';
import type { ListedProject } from './projects-api.js';

/** In a form: the projects beside one of which somebody is admin, to be chosen as `project`. */
export class ProjectChoice extends PagePart {
  /** The one that is not offered. */
  @property() projectId = '';
  @state() private projects: readonly ListedProject[] | undefined;
  private next: string | undefined;

  override render(): TemplateResult {
    const { projects, next, action } = this;
    return html`<fieldset aria-label=${PAGE.otherProjects} aria-busy=${action.isBusy}>
      ${projects?.length === 0 && next === undefined ? html`<p>${PAGE.noOtherProjects}</p>` : nothing}
      ${projects?.map(
        ({ id, name, role }) =>
          html`<label><input type="checkbox" name="project" value=${id} /> ${name} · ${PAGE[role]}</label>`,
      )}
      ${
        next === undefined
          ? nothing
          : html`<button type="button" @click=${() => this.load()}>${PAGE.more}</button>`
      }
      ${this.renderOutcome(projects !== undefined)}
    </fieldset>`;
  }

  protected load(): Promise<void> {
    return this.action.run(async () => {
      const { projects, next } = await this.api.list(this.next);
      const offered = projects.filter(
        ({ id, is_active, role }) => is_active && id !== this.projectId && isEnough(role, 'admin'),
      );
      this.projects = [...(this.projects ?? []), ...offered];
      this.next = next;
    });
  }
}
