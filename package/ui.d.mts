/// <reference lib="dom" />

/** A mode of Stripe. */
export type StripeSettingsMode = 'test' | 'live';

/** What somebody may do in a project; each role may what those before it may. */
export type StripeSettingsRole = 'viewer' | 'admin' | 'owner';

/** The names of everything that is said. */
export type StripeSettingsText = keyof typeof import('../src/ui/texts/texts.js').ENGLISH;

/** `<stripe-settings>`: the Stripe settings of one project. */
export interface StripeSettingsElement extends HTMLElement {
  /** Where the routes of payments begin (`api-base`). Default: `/api/v1/payments`. */
  apiBase: string;
  /** The project that is shown (`project-id`). Nothing is shown without. */
  projectId: string;
  /** What people call the project, which has to be typed to deactivate it (`project-name`). Default: its id. */
  projectName: string;
  /**
   * The role of whoever looks, where you know it (`caller-role`), so that nothing is offered which they may not do. The service decides
   * in any case, and says it only of a configured project. Default: unknown.
   */
  callerRole: StripeSettingsRole | undefined;
  /** The tab that is open (`mode`). Default: `test`. */
  mode: StripeSettingsMode;
  /** The language that times are written in, and that the texts are in, as BCP 47 names it (`lang`). Default: English. */
  lang: string;
  /**
   * Gives the access token of each request, and another one for a token that was refused; without, the page's cookies are sent. Another
   * function is asked from then on, and what is shown stays: for another person make another element.
   */
  token: ((refused?: string) => Promise<string | undefined> | string | undefined) | undefined;
  /** Whether cookies go along, as `fetch` has it (`credentials`). Default: `same-origin`. */
  credentials: RequestCredentials;
  /** What is said in other words. Default: none. */
  texts: Readonly<Partial<Record<StripeSettingsText, string>>>;
  /** Whether something is entered that is not stored: ask before you take the element out of the page. */
  readonly hasDrafts: boolean;
}

/** Every text, in English. `{…}` in them are places for values. */
export const englishTexts: Readonly<Record<StripeSettingsText, string>>;

declare global {
  interface HTMLElementTagNameMap {
    'stripe-settings': StripeSettingsElement;
  }
  interface HTMLElementEventMap {
    /** What is known of the project has changed: it was loaded, stored or deactivated. Says nothing more. */
    'stripe-settings-change': CustomEvent<null>;
    /** A request was refused since nobody is signed in any more. */
    'stripe-settings-signed-out': CustomEvent<null>;
  }
}
