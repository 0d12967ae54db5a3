import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { isEnough, roleToGive, type ProjectRole } from '../../payments/domain/project-access.js';
import { fill } from '../texts/fill.js';
import { PAGE } from '../texts/page-texts.js';
import { PagePart } from './page-part.js';
import { namesakeNote } from './namesakes.js';
import type { ListedProject } from './projects-api.js';

/** In a form: the projects beside one for which somebody may make a token of a role. Reports `choice` when others may be chosen. */
export class ProjectChoice extends PagePart {
  /** The one that is not offered. */
  @property() projectId = '';
  /** Of the token. Who makes it needs as much in each project, and at least the role admin. */
  @property() override role: ProjectRole = 'viewer';
  @state() private projects: readonly ListedProject[] | undefined;
  private next: string | undefined;

  /** The ids of those that are chosen. */
  get chosen(): string[] {
    const boxes = this.querySelectorAll<HTMLInputElement>('input:checked');
    return Array.from(boxes, ({ value }) => value);
  }

  /** What a project is called here; undefined where it was not listed. */
  nameOf(id: string): string | undefined {
    const { projects = [] } = this;
    const project = projects.find((each) => each.id === id);
    return project && [project.name, ...namesakeNote(project, projects)].join(' · ');
  }

  /** What is not offered any more is not chosen either. */
  override updated(): void {
    this.report();
  }

  override render(): TemplateResult {
    const { projects = [], next, action } = this;
    const needed = roleToGive(this.role);
    const offered = projects.filter(
      ({ id, is_active, role }) => is_active && id !== this.projectId && isEnough(role, needed),
    );
    const isNone = this.projects !== undefined && offered.length === 0 && next === undefined;
    // By their ids, so that a tick stays with its project when others are taken away.
    return html`<fieldset aria-label=${PAGE.otherProjects} aria-busy=${action.isBusy} @change=${this.report}>
      ${isNone ? html`<p>${fill(PAGE.noOtherProjects, { role: PAGE[needed] })}</p>` : nothing}
      ${repeat(
        offered,
        ({ id }) => id,
        (project) =>
          html`<label
            ><input type="checkbox" name="project" value=${project.id} />
            <span>${this.nameOf(project.id)} · ${PAGE[project.role]}</span></label
          >`,
      )}
      ${
        next === undefined
          ? nothing
          : html`<button type="button" @click=${() => this.load()}>${PAGE.more}</button>`
      }
      ${this.renderOutcome(this.projects !== undefined)}
    </fieldset>`;
  }

  private readonly report = (): void => {
    this.dispatchEvent(new Event('choice'));
  };

  protected load(): Promise<void> {
    return this.action.run(async () => {
      const { projects, next } = await this.api.list(this.next);
      this.projects = [...(this.projects ?? []), ...projects];
      this.next = next;
    });
  }
}
