import { html, nothing, type TemplateResult } from 'lit';
import { state } from 'lit/decorators.js';
import { fill } from '../texts/fill.js';
import { PAGE } from '../texts/page-texts.js';
import { isPerhapsMade, perhapsMade } from './form-faults.js';
import { FormPart } from './form-part.js';
import type { ListedProject } from './projects-api.js';
import { addressOf } from './route.js';

interface NewProjectFields {
  name: HTMLInputElement;
  description: HTMLInputElement;
}

/** The projects of whoever is signed in, and making another one. */
export class ProjectList extends FormPart {
  @state() private projects: readonly ListedProject[] | undefined;
  private next: string | undefined;

  override render(): TemplateResult {
    const { projects, action } = this;
    return html`<section aria-labelledby="projects" aria-busy=${action.isBusy}>
        <h2 id="projects" tabindex="-1">${PAGE.projects}</h2>
        ${projects?.length === 0 ? html`<p>${PAGE.noProjects}</p>` : nothing}
        <ul class="projects">
          ${projects?.map((project) => html`<li>${renderProject(project)}</li>`)}
        </ul>
        ${
          this.next === undefined
            ? nothing
            : html`<button type="button" @click=${this.readMore}>${PAGE.more}</button>`
        }
      </section>
      <section aria-labelledby="create">
        <h2 id="create">${PAGE.createProject}</h2>
        <form class="new" @submit=${this.create}>
          ${this.renderText('name', { label: PAGE.name, maxLength: 255, isRequired: true })}
          ${this.renderText('description', { label: PAGE.description, maxLength: 1000, isRequired: false })}
          <button class="primary">${PAGE.create}</button>
        </form>
      </section>
      ${this.renderOutcome(projects !== undefined)}`;
  }

  protected load(): Promise<void> {
    return this.action.load(() => this.read());
  }

  private readonly readMore = (): Promise<void> => this.action.run(() => this.read(this.next, this.projects));

  private async read(cursor?: string, before: readonly ListedProject[] = []): Promise<void> {
    const { projects, next } = await this.api.list(cursor);
    this.projects = [...before, ...projects];
    this.next = next;
  }

  private readonly create = (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { name, description } = (event.currentTarget as HTMLFormElement)
      .elements as unknown as NewProjectFields;
    const about = description.value.trim();
    const wanted = { name: name.value, ...(about !== '' && { description: about }) };
    return this.send(['name', 'description'], async () => {
      try {
        location.hash = addressOf((await this.api.create(wanted)).id);
      } catch (error) {
        if (!isPerhapsMade(error)) throw error;
        await this.read().catch(() => undefined);
        throw perhapsMade(error);
      }
    });
  };
}

function renderProject(project: ListedProject): TemplateResult {
  const modes = [
    ...(project.has_test_credentials ? [PAGE.testKeys] : []),
    ...(project.has_live_credentials ? [PAGE.liveKeys] : []),
  ];
  return html`<p>
      <a href=${addressOf(project.id)}>${project.name}</a> ${project.is_active ? nothing : PAGE.deactivated}
    </p>
    ${project.description === null ? nothing : html`<p>${project.description}</p>`}
    <p class="hint">
      ${modes.length > 0 ? fill(PAGE.keysOf, { modes: modes.join(', ') }) : PAGE.noKeys} ·
      ${fill(PAGE.yourRole, { role: PAGE[project.role] })}
    </p>`;
}
