import { nothing, type LitElement, type TemplateResult } from 'lit';
import { modeOf, type CredentialField, type Mode } from '../../payments/domain/credentials.js';
import { fill } from '../texts/fill.js';
import type { Texts } from '../texts/texts.js';
import { leavingNotice } from './credential-notices.js';
import type { CredentialInput } from './credential-input.js';
import type { Drafts } from './drafts.js';
import type { ProjectState } from './project-state.js';

/** A tab that somebody wants to go to while something is not stored yet. */
interface Leaving {
  mode: Mode;
  /** What goes along. */
  carried?: { field: CredentialField; from: CredentialInput };
}

/** The tab that is left. */
interface Tab extends LitElement {
  state: ProjectState;
  texts: Texts;
  openMode: (mode: Mode) => void;
}

/** Going from a tab to the other one, and moving a value there: the person is asked before anything that is entered is lost. */
export class TabLeaving {
  private asked: Leaving | undefined;

  constructor(
    private readonly tab: Tab,
    private readonly drafts: Drafts,
  ) {}

  /** Asks, and goes once the person has discarded what is entered. */
  ask(leaving: Leaving): void {
    this.show(leaving);
    void this.tab.updateComplete.then(() => {
      this.tab.querySelector<HTMLElement>('[part="leaving"]')?.focus();
    });
  }

  /** There is nothing to ask about any more. */
  forget(): void {
    this.show(undefined);
  }

  /** Moves a value to the field where it belongs. */
  readonly move = (from: CredentialInput, to: CredentialField): void => {
    const home = this.drafts.of(to);
    if (home !== undefined) {
      home.value = from.value;
      from.wipe();
      home.focus();
      return;
    }
    const leaving = { mode: modeOf(to), carried: { field: to, from } };
    if (this.drafts.filled().length > 1) this.ask(leaving);
    else this.leave(leaving);
  };

  render(): TemplateResult | typeof nothing {
    const { asked, tab } = this;
    if (asked === undefined) return nothing;
    const onLeave = (): void => {
      this.leave(asked);
    };
    const onStay = (): void => {
      this.forget();
      (asked.carried?.from ?? this.drafts.filled()[0])?.focus();
    };
    const leave = fill(tab.texts.leaveDiscard, { tab: tab.texts[asked.mode] });
    return leavingNotice({ leave, onLeave, onStay }, tab.texts);
  }

  private leave({ mode, carried }: Leaving): void {
    if (carried !== undefined) this.tab.state.carry(carried.field, carried.from.value);
    this.drafts.wipe();
    // The other tab, and this one later, show what has become of it.
    if (this.tab.state.mayBeStoredSince(this.tab.state.version)) void this.tab.state.load();
    this.forget();
    this.tab.openMode(mode);
  }

  private show(asked: Leaving | undefined): void {
    this.asked = asked;
    this.tab.requestUpdate();
  }
}
