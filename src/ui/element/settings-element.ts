import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { MODES, type Mode } from '../../payments/domain/credentials.js';
import { Api } from '../api/api.js';
import { ProjectApi } from '../api/project-api.js';
import { ENGLISH, type Texts } from '../texts/texts.js';
import { ProjectState } from './project-state.js';
import { styles } from './styles.js';

/** What decides which project is shown, and how it is reached. */
const REACHED_BY = ['apiBase', 'projectId', 'token', 'credentials'] as const;

/** The settings of one project: a tab for each mode. */
export class SettingsElement extends LitElement {
  static override styles = styles;

  /** Where the routes of payments begin. */
  @property({ attribute: 'api-base' }) apiBase = '/api/v1/payments';
  @property({ attribute: 'project-id' }) projectId = '';
  /** The tab that is open. */
  @property({ reflect: true }) mode: Mode = 'test';
  /** Gives the access token of each request; without, cookies are sent. */
  @property({ attribute: false }) token: (() => Promise<string | undefined> | string | undefined) | undefined;
  /** Whether cookies go along, as `fetch` has it. */
  @property() credentials: RequestCredentials = 'same-origin';
  /** What is said in other words. */
  @property({ attribute: false }) texts: Partial<Texts> = {};

  @state() private project: ProjectState | undefined;

  override willUpdate(changed: PropertyValues<SettingsElement>): void {
    if (!REACHED_BY.some((name) => changed.has(name))) return;
    this.project?.removeEventListener('change', this.onChange);
    this.project = undefined;
    if (this.projectId === '') return;
    const { apiBase: base, token, credentials } = this;
    this.project = new ProjectState(new ProjectApi(new Api({ base, token, credentials }), this.projectId));
    this.project.addEventListener('change', this.onChange);
    void this.project.load();
  }

  private readonly onChange = (): void => {
    this.requestUpdate();
    this.dispatchEvent(new CustomEvent('stripe-settings-change', { bubbles: true, composed: true }));
  };

  override render(): TemplateResult | typeof nothing {
    const texts: Texts = { ...ENGLISH, ...this.texts };
    const { project } = this;
    if (project === undefined) return nothing;
    if (project.fault !== undefined) {
      return html`<p class="fault" part="fault" role="alert">${project.fault.message}</p>
        <button part="button" @click=${() => project.load()}>${texts.tryAgain}</button>`;
    }
    if (project.config === undefined) return html`<p role="status">${texts.loading}</p>`;
    return html`
      <div role="tablist" part="tabs" aria-label=${texts.title} @keydown=${this.onKey}>
        ${MODES.map((mode) => this.renderTab(mode, texts[mode]))}
      </div>
      <div role="tabpanel" part="panel" id="panel" tabindex="0" aria-labelledby="tab-${this.mode}"></div>
    `;
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
      @click=${() => (this.mode = mode)}
    >
      ${name}
    </button>`;
  }

  /** Arrows go from tab to tab, as in the pattern of ARIA. */
  private readonly onKey = async (event: KeyboardEvent): Promise<void> => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.mode = MODES[(MODES.indexOf(this.mode) + step + MODES.length) % MODES.length] ?? this.mode;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[aria-selected="true"]')?.focus();
  };
}
