import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { MODES, type Mode } from '../../payments/domain/credentials.js';
import type { ProjectRole } from '../../payments/domain/project-access.js';
import { Api } from '../api/api.js';
import { ProjectApi } from '../api/project-api.js';
import { faultText } from '../texts/fault-text.js';
import { ENGLISH, type Texts } from '../texts/texts.js';
import type { CredentialsSection } from './credentials-section.js';
import { keepFocus } from './focus.js';
import { ProjectState } from './project-state.js';
import { partStyles } from './part-styles.js';
import { styles } from './styles.js';

/** What decides which project is shown, and how it is reached. */
const REACHED_BY = ['apiBase', 'projectId', 'credentials'] as const;

/** The settings of one project: a tab for each mode. */
export class SettingsElement extends LitElement {
  static override styles = [styles, partStyles];

  /** Where the routes of payments begin. */
  @property({ attribute: 'api-base' }) apiBase = '/api/v1/payments';
  @property({ attribute: 'project-id' }) projectId = '';
  /** What people call the project, which has to be typed to deactivate it. Default: its id. */
  @property({ attribute: 'project-name' }) projectName = '';
  /**
   * The role of whoever looks, where the host knows it, so that nothing is offered which they may not do. The service says it with the
   * history, and decides in any case; this one counts where the history is left out or fails.
   */
  @property({ attribute: 'caller-role' }) callerRole: ProjectRole | undefined;
  /** The tab that is open. */
  @property({ reflect: true }) mode: Mode = 'test';
  /**
   * Gives the access token of each request, and another one for a token that was refused; without, cookies are sent. Another function
   * is asked from then on, and what is shown stays.
   */
  @property({ attribute: false }) token:
    ((refused?: string) => Promise<string | undefined> | string | undefined) | undefined;
  /** Whether cookies go along, as `fetch` has it. */
  @property() credentials: RequestCredentials = 'same-origin';
  /** The language in which times and numbers are written, and which the texts are in (BCP 47). Default: English. */
  @property({ reflect: true, converter: { toAttribute: (value) => (value === '' ? null : value) } })
  override lang = '';
  /** What is said in other words. */
  @property({ attribute: false }) texts: Partial<Texts> = {};

  @state() private project: ProjectState | undefined;

  override willUpdate(changed: PropertyValues<SettingsElement>): void {
    // Whoever had no token was somebody else, or nobody.
    const isSignedIn = changed.has('token') && changed.get('token') === undefined;
    if (isSignedIn || REACHED_BY.some((name) => changed.has(name))) this.begin();
    if (this.project !== undefined) this.project.givenRole = this.callerRole;
  }

  private begin(): void {
    this.project?.removeEventListener('change', this.onChange);
    this.project = undefined;
    if (this.projectId === '') return;
    const { apiBase: base, credentials } = this;
    const api = new Api({
      base,
      token: (refused) => this.token?.(refused),
      credentials,
      onSignedOut: () => {
        this.tell('stripe-settings-signed-out');
      },
    });
    this.project = new ProjectState(new ProjectApi(api, this.projectId));
    this.project.addEventListener('change', this.onChange);
    void this.project.load();
  }

  /** Whether something is entered that is not stored; it is lost when the element leaves the page. */
  get hasDrafts(): boolean {
    return this.credentialsSection?.hasDrafts === true;
  }

  private get credentialsSection(): CredentialsSection | null {
    return this.renderRoot.querySelector('stripe-settings-credentials');
  }

  private readonly onChange = (): void => {
    this.requestUpdate();
    this.tell('stripe-settings-change');
  };

  private tell(event: 'stripe-settings-change' | 'stripe-settings-signed-out'): void {
    this.dispatchEvent(new CustomEvent(event, { bubbles: true, composed: true }));
  }

  override render(): TemplateResult | typeof nothing {
    const texts: Texts = { ...ENGLISH, ...(this.lang !== '' && { language: this.lang }), ...this.texts };
    const { project } = this;
    if (project === undefined) return nothing;
    if (project.config === undefined) {
      return project.fault === undefined
        ? html`<p role="status">${texts.loading}</p>`
        : this.renderFault(project, faultText(project.fault, texts), texts);
    }
    const { fault, healthFault } = project;
    // What was typed stays where it is when something fails later.
    return html`
      ${
        fault !== undefined
          ? this.renderFault(project, faultText(fault, texts), texts)
          : healthFault &&
            this.renderFault(project, `${texts.healthUnknown} ${faultText(healthFault, texts)}`, texts)
      }
      <div role="tablist" part="tabs" aria-label=${texts.title} @keydown=${this.onKey}>
        ${MODES.map((mode) => this.renderTab(mode, texts[mode]))}
      </div>
      <div role="tabpanel" part="panel" id="panel" tabindex="0" aria-labelledby="tab-${this.mode}">
        ${keyed(this.mode, this.renderMode(project, texts))}
      </div>
      <stripe-settings-history .state=${project} .texts=${texts}></stripe-settings-history>
      <stripe-settings-deactivate
        .state=${project}
        .texts=${texts}
        project-name=${this.projectName}
        @deactivated=${() => this.credentialsSection?.forget()}
      ></stripe-settings-deactivate>
    `;
  }

  private renderMode(project: ProjectState, texts: Texts): TemplateResult {
    const { mode } = this;
    return html`
      <stripe-settings-credentials
        .state=${project}
        .texts=${texts}
        mode=${mode}
        .openMode=${this.open}
      ></stripe-settings-credentials>
      <stripe-settings-webhooks .state=${project} .texts=${texts} mode=${mode}></stripe-settings-webhooks>
      <stripe-settings-events .state=${project} .texts=${texts} mode=${mode}></stripe-settings-events>
    `;
  }

  private renderFault(project: ProjectState, said: string, texts: Texts): TemplateResult {
    return html`<p class="fault" part="fault" role="alert">${said}</p>
      <button type="button" part="button" @click=${() => this.reload(project)}>${texts.tryAgain}</button>`;
  }

  private async reload(project: ProjectState): Promise<void> {
    const keep = keepFocus(this);
    await project.load();
    keep(() => this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]'));
  }

  private renderTab(mode: Mode, name: string): TemplateResult {
    const isOpen = mode === this.mode;
    return html`<button
      role="tab"
      part="tab"
      id="tab-${mode}"
      aria-controls="panel"
      aria-selected=${isOpen}
      tabindex=${isOpen ? 0 : -1}
      @click=${() => {
        this.tryToOpen(mode);
      }}
    >
      ${name}
    </button>`;
  }

  private readonly open = (mode: Mode): void => {
    this.mode = mode;
    // What is carried along takes it from there.
    this.renderRoot.querySelector<HTMLElement>(`#tab-${mode}`)?.focus();
  };

  /** Opens a tab, unless something is entered in the open one, about which the person is asked first. */
  private tryToOpen(mode: Mode): boolean {
    if (mode !== this.mode && this.credentialsSection?.mayLeaveFor(mode) === false) return false;
    this.mode = mode;
    return true;
  }

  /** Arrows go from tab to tab, as in the pattern of ARIA. */
  private readonly onKey = async (event: KeyboardEvent): Promise<void> => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = MODES[(MODES.indexOf(this.mode) + step + MODES.length) % MODES.length] ?? this.mode;
    if (!this.tryToOpen(next)) return;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  };
}
