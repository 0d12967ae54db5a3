import { LitElement, html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, state } from 'lit/decorators.js';
import { keyed } from 'lit/directives/keyed.js';
import { leavingNotice } from '../element/credential-notices.js';
import { focusOn, keepFocus } from '../element/focus.js';
import { partStyles } from '../element/part-styles.js';
import { styles } from '../element/styles.js';
import { fill } from '../texts/fill.js';
import { PAGE } from '../texts/page-texts.js';
import { ENGLISH } from '../texts/texts.js';
import { accessFor, type Access } from './access.js';
import { endedNotice } from './ended-notice.js';
import { pageStyles } from './page-styles.js';
import { Places } from './places.js';
import { projectOf } from './route.js';
import type { Session, SignIn } from './session.js';

/** A way to another address: to a project, or to the list of them, by so many entries of the history. */
interface Leaving {
  projectId: string | undefined;
  steps: number;
}

/** The page of the service: who is signed in, their projects, and the settings of one. */
export class PageElement extends LitElement {
  static override styles = [styles, partStyles, pageStyles];

  /** Without, nothing is shown yet. */
  @property({ attribute: false }) signIn: SignIn | undefined;
  /** Undefined: it is not known yet. Null: nobody is signed in. */
  @state() private session: Session | null | undefined;
  @state() private isEnded = false;
  @state() private said = '';
  @state() private fault = '';
  @state() private projectId = projectOf(location.hash);
  /** Where somebody wants to go while something is not stored yet. */
  @state() private leavingFor: Leaving | undefined;
  /** Whether signing in again in a window of its own did not work. */
  @state() private hasNoWindow = false;
  /** The same one when the same person signs in again, so that what is shown stays. */
  @state() private access = this.accessOf(undefined);
  private waiting: AbortController | undefined;
  private hasNavigated = false;
  private readonly places = new Places();

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener('hashchange', this.onHashChange);
    this.addEventListener('stripe-settings-signed-out', this.onEnded);
  }

  override disconnectedCallback(): void {
    removeEventListener('hashchange', this.onHashChange);
    super.disconnectedCallback();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const { signIn } = this;
    if (changed.has('signIn') && signIn !== undefined) void this.enter(() => this.resume(signIn));
  }

  override render(): TemplateResult {
    const { session, said, fault } = this;
    return html`<header>
        <h1>${PAGE.title}</h1>
        ${
          session
            ? html`<p>${fill(PAGE.signedInAs, { name: session.name })}</p>
                <button type="button" @click=${this.signOut}>${PAGE.signOut}</button>`
            : nothing
        }
      </header>
      <main>
        <p role="status">${said}</p>
        <div role="alert">
          ${fault === '' ? nothing : html`<p class="fault">${fault}</p>`}
          ${session && this.isEnded ? this.renderEnded() : nothing}
        </div>
        ${this.renderLeaving()}
        ${session === undefined ? nothing : session === null ? this.renderSignIn() : this.renderView()}
      </main>`;
  }

  private renderSignIn(): TemplateResult {
    return html`<p>${PAGE.signInWhy}</p>
      <button type="button" class="primary" @click=${this.begin}>${PAGE.signIn}</button>`;
  }

  private renderEnded(): TemplateResult {
    const { hasNoWindow } = this;
    return endedNotice({
      hasNoWindow,
      onAgain: () => void this.signInAgain(),
      onHere: () => void this.begin(),
    });
  }

  private renderLeaving(): TemplateResult | typeof nothing {
    const { leavingFor } = this;
    if (leavingFor === undefined) return nothing;
    const onLeave = (): void => {
      this.goTo(leavingFor.projectId);
      void this.places.go(leavingFor.steps);
    };
    const onStay = (): Promise<void> => {
      this.leavingFor = undefined;
      return focusOn(this, 'h2');
    };
    return leavingNotice({ leave: PAGE.leaveDiscard, onLeave, onStay: () => void onStay() }, ENGLISH);
  }

  private renderView(): TemplateResult {
    const { projectId, access, hasNavigated } = this;
    const view =
      projectId === undefined
        ? html`<stripe-page-projects .api=${access.api} .takesFocus=${hasNavigated}></stripe-page-projects>`
        : html`<stripe-page-project
            .api=${access.api}
            .takesFocus=${hasNavigated}
            .projectId=${projectId}
            .subject=${access.subject}
            .token=${access.token}
          ></stripe-page-project>`;
    return html`${keyed(access, keyed(projectId, view))}`;
  }

  private async resume(signIn: SignIn): Promise<Session | undefined> {
    try {
      return await signIn.resume();
    } finally {
      // Whoever comes back from the provider is at the address that they left, of which no event tells.
      this.projectId = projectOf(location.hash);
    }
  }

  private readonly begin = (): Promise<void> =>
    this.enter(async () => {
      await this.signIn?.begin();
      return undefined;
    });

  private readonly signInAgain = (): Promise<void> => {
    this.waiting?.abort();
    this.waiting = new AbortController();
    const { signal } = this.waiting;
    const onOutOfSight = (): void => {
      this.said = PAGE.windowGone;
      this.hasNoWindow = true;
    };
    return this.enter(async () => {
      this.said = PAGE.windowOpened;
      try {
        return await this.signIn?.again({ signal, onOutOfSight });
      } catch (error) {
        this.said = '';
        this.hasNoWindow = true;
        throw error;
      }
    });
  };

  private readonly signOut = async (): Promise<void> => {
    const { session } = this;
    this.waiting?.abort();
    this.session = null;
    this.isEnded = false;
    this.leavingFor = undefined;
    this.said = PAGE.signedOut;
    // First what is entered is gone: the browser would ask about it, and who stays then is not signed out at the provider.
    await focusOn(this, 'main button');
    await session?.signOut();
  };

  /** Takes the session that somebody gets, or says why there is none. */
  private async enter(get: () => Promise<Session | undefined>): Promise<void> {
    this.fault = '';
    this.said = '';
    const keep = keepFocus(this);
    try {
      const session = await get();
      if (session !== undefined && session !== this.session) {
        this.session?.removeEventListener('ended', this.onEnded);
        this.session?.forget();
        session.addEventListener('ended', this.onEnded);
        this.isEnded = false;
        this.hasNoWindow = false;
        this.welcome(session);
      }
      this.session = session ?? this.session ?? null;
      keep(() => this.renderRoot.querySelector('h2'));
    } catch (error) {
      this.session ??= null;
      this.fault = error instanceof Error ? error.message : String(error);
    }
  }

  /** Nothing that one person has entered is left to another one. */
  private welcome({ subject }: Session): void {
    const isAnother = subject !== this.access.subject;
    if (isAnother) {
      this.access = this.accessOf(subject);
      this.leavingFor = undefined;
    }
    if (this.session)
      this.said = isAnother ? fill(PAGE.otherPerson, { name: this.session.name }) : PAGE.signedInAgain;
  }

  private accessOf(subject: string | undefined): Access {
    const onSignedOut = (): void => {
      if (this.access.subject === subject) this.isEnded = true;
    };
    return accessFor(subject, () => this.session, onSignedOut);
  }

  private readonly onEnded = (): void => {
    this.isEnded = true;
  };

  private readonly onHashChange = (): void => {
    const steps = this.places.arrive();
    const projectId = projectOf(location.hash);
    if (projectId === this.projectId) return;
    const isLost = this.renderRoot.querySelector('stripe-settings')?.hasDrafts === true;
    if (isLost) void this.askFirst({ projectId, steps });
    else this.goTo(projectId);
  };

  /** Goes back to where something is entered, until the person has discarded it. */
  private async askFirst(leaving: Leaving): Promise<void> {
    await this.places.go(-leaving.steps);
    this.leavingFor = leaving;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[part="leaving"]')?.focus();
  }

  private goTo(projectId: string | undefined): void {
    this.leavingFor = undefined;
    this.projectId = projectId;
    this.hasNavigated = true;
    document.title = PAGE.title;
  }
}
