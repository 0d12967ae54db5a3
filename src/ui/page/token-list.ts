import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { isEnough, PROJECT_ROLES, type ProjectRole } from '../../payments/domain/project-access.js';
import { focusOn } from '../element/focus.js';
import { timeText } from '../element/time.js';
import { fill } from '../texts/fill.js';
import { PAGE } from '../texts/page-texts.js';
import { ENGLISH } from '../texts/texts.js';
import { inProject, isPerhapsMade, perhapsMade } from './form-faults.js';
import { FormPart } from './form-part.js';
import type { ProjectChoice } from './project-choice.js';
import type { ServiceToken } from './projects-api.js';

interface TokenFields {
  token_name: HTMLInputElement;
  token_role: HTMLSelectElement;
  days: HTMLInputElement;
}

/** What a new token may unless somebody chooses more. */
const LEAST: ProjectRole = 'viewer';

/** The service tokens of a project, and making and revoking them. */
export class TokenList extends FormPart {
  @property() projectId = '';
  @property() projectName = '';
  /** Of whoever looks; a token may no more. */
  @property({ attribute: false }) ownRole: ProjectRole = 'viewer';
  /** Who looks. */
  @property({ attribute: false }) subject: string | undefined;
  @state() private tokens: readonly ServiceToken[] | undefined;
  /** The token that was made last, until somebody has taken it along. */
  @state() private made: string | undefined;
  /** The id of the one whose revocation is asked about. */
  @state() private asked: string | undefined;
  /** Whether further projects of the next one are shown, and whether they were: what was chosen stays when they are hidden. */
  @state() private isShared = false;
  @state() private wasShared = false;
  /** How many further projects are chosen. */
  @state() private chosen = 0;
  /** Of the next one. */
  @state() private nextRole: ProjectRole = LEAST;
  private next: string | null = null;

  override disconnectedCallback(): void {
    this.made = undefined;
    super.disconnectedCallback();
  }

  protected load(): Promise<void> {
    return this.action.load(() => this.read());
  }

  override render(): TemplateResult {
    return html`<section aria-labelledby="tokens" aria-busy=${this.action.isBusy}>
      <h3 id="tokens">${PAGE.tokens}</h3>
      <p class="hint">${PAGE.tokensHint}</p>
      <ul class="members">
        ${this.tokens?.map((token) => html`<li>${this.renderToken(token)}</li>`)}
      </ul>
      ${
        this.next === null
          ? nothing
          : html`<button type="button" @click=${this.readMore}>${PAGE.moreTokens}</button>`
      }
      ${this.made === undefined ? nothing : this.renderMade(this.made)} ${this.renderForm()}
      ${this.renderOutcome(this.tokens !== undefined)}
    </section>`;
  }

  private renderToken(token: ServiceToken): TemplateResult {
    const { id, name, role, made_by, expires_at, last_used_at, is_shared } = token;
    const used =
      last_used_at === null ? PAGE.neverUsed : fill(PAGE.lastUsed, { time: timeText(last_used_at, ENGLISH) });
    const ask = (): Promise<void> => {
      this.asked = id;
      return focusOn(this, '[role="group"][tabindex]');
    };
    const keep = (): Promise<void> => {
      this.asked = undefined;
      return focusOn(this, `#revoke-${id}`);
    };
    return html`<p>
        ${name} · ${PAGE[role]}${is_shared ? `, ${PAGE.sharedToken}` : ''}
        <span class="hint">
          ${fill(PAGE.tokenTimes, { by: made_by ?? '–', time: timeText(expires_at, ENGLISH) })} ${used}
        </span>
      </p>
      ${
        this.asked === id
          ? html`<span role="group" tabindex="-1" aria-label=${fill(PAGE.revokeToken, { name })}>
              ${this.renderRevocations(token)}
              <button type="button" @click=${keep}>${ENGLISH.cancel}</button>
            </span>`
          : html`<button
              type="button"
              id="revoke-${id}"
              aria-label=${fill(PAGE.revokeToken, { name })}
              @click=${ask}
            >
              ${PAGE.revoke}
            </button>`
      }`;
  }

  /** How it can be revoked: from this project or, where it is of others as well, everywhere by its maker. */
  private renderRevocations({ id, name, is_shared, made_by }: ServiceToken): TemplateResult {
    const button = (label: string, revoke: () => Promise<void>, done: string): TemplateResult =>
      html`<button type="button" class="danger" @click=${() => this.revoke(revoke, fill(done, { name }))}>
        ${label}
      </button>`;
    const here = (): Promise<void> => this.api.revokeToken(this.projectId, id);
    const everywhere = (): Promise<void> => this.api.revokeOwnToken(id);
    if (!is_shared) return button(PAGE.revokeNow, here, PAGE.tokenRevoked);
    return html`${button(PAGE.takeProject, here, PAGE.projectTaken)}
    ${made_by === this.subject ? button(PAGE.revokeEverywhere, everywhere, PAGE.tokenRevoked) : nothing}`;
  }

  private renderMade(token: string): TemplateResult {
    const forget = (): Promise<void> => {
      this.made = undefined;
      return focusOn(this, '.new > button');
    };
    return html`<div class="notice" tabindex="-1" role="group" aria-label=${PAGE.newToken}>
      <p>${PAGE.tokenOnce}</p>
      <stripe-settings-copy .texts=${ENGLISH} label=${PAGE.newToken} .text=${token}></stripe-settings-copy>
      <button type="button" @click=${forget}>${PAGE.forgetToken}</button>
    </div>`;
  }

  private renderForm(): TemplateResult {
    const roles = PROJECT_ROLES.filter((role) => isEnough(this.ownRole, role));
    return html`<form class="new" @submit=${this.make}>
      ${this.renderText('name', {
        label: PAGE.tokenName,
        maxLength: 100,
        isRequired: true,
        name: 'token_name',
      })}
      <label
        >${PAGE.tokenRole}
        <select name="token_role" @change=${this.chooseRole}>
          ${roles.map((role) => html`<option value=${role}>${PAGE[role]}</option>`)}
        </select>
      </label>
      <label
        >${PAGE.tokenDays}
        <input
          name="days"
          type="number"
          required
          min="1"
          max="365"
          value="90"
          aria-invalid=${this.isInvalid('expires_in_days')}
          aria-describedby="fault-expires_in_days"
      /></label>
      ${this.renderRefusal('expires_in_days')}
      <details .open=${this.isShared} @toggle=${this.share}>
        <summary>
          ${this.chosen === 0 ? PAGE.otherProjects : fill(PAGE.chosenProjects, { count: this.chosen })}
        </summary>
        ${
          this.wasShared
            ? html`<stripe-page-choice
                .api=${this.api}
                .projectId=${this.projectId}
                .role=${this.nextRole}
                @choice=${this.count}
              ></stripe-page-choice>`
            : nothing
        }
      </details>
      <button>${PAGE.makeToken}</button>
    </form>`;
  }

  private readonly make = (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const { token_name, token_role, days } = form.elements as unknown as TokenFields;
    const wanted = {
      name: token_name.value.trim(),
      role: token_role.value as ProjectRole,
      expires_in_days: days.valueAsNumber,
    };
    const choice = form.querySelector<ProjectChoice>('stripe-page-choice');
    const others = choice?.chosen ?? [];
    return this.send(['name', 'expires_in_days'], async () => {
      try {
        this.made = (await this.api.makeToken(this.projectId, wanted, others)).token;
      } catch (error) {
        if (!isPerhapsMade(error)) {
          throw inProject(error, [this.projectName, ...others.map((id) => choice?.nameOf(id) ?? id)]);
        }
        await this.read().catch(() => undefined);
        throw perhapsMade(error);
      }
      form.reset();
      this.nextRole = LEAST;
      Object.assign(this, { isShared: false, wasShared: false, chosen: 0 });
      await focusOn(this, '.notice');
      await this.read();
    });
  };

  private readonly count = (event: Event): void => {
    this.chosen = (event.currentTarget as ProjectChoice).chosen.length;
  };

  private readonly chooseRole = (event: Event): void => {
    this.nextRole = (event.currentTarget as HTMLSelectElement).value as ProjectRole;
  };

  private readonly share = (event: Event): void => {
    this.isShared = (event.currentTarget as HTMLDetailsElement).open;
    this.wasShared ||= this.isShared;
  };

  private revoke(revoke: () => Promise<void>, done: string): Promise<void> {
    this.asked = undefined;
    return this.action.run(async () => {
      await revoke();
      await this.read();
    }, done);
  }

  private readonly readMore = (): Promise<void> =>
    this.action.run(() => this.read(this.next ?? undefined, this.tokens));

  private async read(cursor?: string, before: readonly ServiceToken[] = []): Promise<void> {
    const page = await this.api.tokens(this.projectId, cursor);
    this.tokens = [...before, ...page.service_tokens];
    this.next = page.next_cursor;
  }
}
