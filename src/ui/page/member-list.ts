import { html, nothing, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { isEnough, PROJECT_ROLES, type ProjectRole } from '../../payments/domain/project-access.js';
import { timeText } from '../element/time.js';
import { fill } from '../texts/fill.js';
import { PAGE } from '../texts/page-texts.js';
import { ENGLISH } from '../texts/texts.js';
import { FormPart } from './form-part.js';
import type { Member } from './projects-api.js';

interface MemberFields {
  subject: HTMLInputElement;
  role: HTMLSelectElement;
}

/** Who has which role in a project; owners give and take roles. */
export class MemberList extends FormPart {
  @property() projectId = '';
  /** Of whoever looks. */
  @property({ attribute: false }) ownRole: ProjectRole = 'viewer';
  @state() private members: readonly Member[] | undefined;
  private next: string | null = null;

  protected load(): Promise<void> {
    return this.action.load(() => this.read());
  }

  override render(): TemplateResult {
    const isOwner = isEnough(this.ownRole, 'owner');
    return html`<section aria-labelledby="members" aria-busy=${this.action.isBusy}>
      <h3 id="members">${PAGE.members}</h3>
      <p class="hint">${PAGE.membersHint}</p>
      <ul class="members">
        ${this.members?.map((member) => html`<li>${this.renderMember(member, isOwner)}</li>`)}
      </ul>
      ${
        this.next === null
          ? nothing
          : html`<button type="button" @click=${this.readMore}>${PAGE.moreMembers}</button>`
      }
      ${isOwner ? this.renderForm() : html`<p>${ENGLISH.needsOwner}</p>`}
      ${this.renderOutcome(this.members !== undefined)}
    </section>`;
  }

  private renderMember({ subject, role, is_creator, added_at }: Member, isOwner: boolean): TemplateResult {
    return html`<p>
        <code>${subject}</code> · ${PAGE[role]}${is_creator ? `, ${PAGE.creator}` : ''} ·
        <span class="hint">${timeText(added_at, ENGLISH)}</span>
      </p>
      ${
        isOwner && !is_creator
          ? html`<button
              type="button"
              aria-label=${fill(PAGE.removeMember, { subject })}
              @click=${() => this.takeRole(subject)}
            >
              ${PAGE.remove}
            </button>`
          : nothing
      }`;
  }

  private renderForm(): TemplateResult {
    return html`<form class="new" @submit=${this.give}>
      <label
        >${PAGE.member}
        <input
          name="subject"
          required
          maxlength="255"
          pattern="(?!\\.{1,2}$).+"
          title=${PAGE.memberDots}
          autocomplete="off"
          spellcheck="false"
          aria-invalid=${this.isInvalid('subject')}
          aria-describedby="fault-subject member-hint"
      /></label>
      ${this.renderRefusal('subject')}
      <label
        >${PAGE.role}
        <select name="role">
          ${PROJECT_ROLES.map((role) => html`<option value=${role}>${PAGE[role]}</option>`)}
        </select>
      </label>
      <button>${PAGE.giveRole}</button>
      <p class="hint" id="member-hint">${PAGE.memberHint}</p>
    </form>`;
  }

  private readonly give = (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const fields = form.elements as unknown as MemberFields;
    const subject = fields.subject.value.trim();
    const role = fields.role.value as ProjectRole;
    return this.send(
      ['subject'],
      async () => {
        await this.api.setMember(this.projectId, subject, role);
        form.reset();
        await this.read();
      },
      fill(PAGE.roleGiven, { subject, role: PAGE[role] }),
    );
  };

  private takeRole(subject: string): Promise<void> {
    return this.action.run(
      async () => {
        await this.api.removeMember(this.projectId, subject);
        await this.read();
      },
      fill(PAGE.memberRemoved, { subject }),
    );
  }

  private readonly readMore = (): Promise<void> =>
    this.action.run(() => this.read(this.next ?? undefined, this.members));

  private async read(cursor?: string, before: readonly Member[] = []): Promise<void> {
    const page = await this.api.members(this.projectId, cursor);
    this.members = [...before, ...page.members];
    this.next = page.next_cursor;
  }
}
