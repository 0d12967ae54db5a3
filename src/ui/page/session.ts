/** Somebody who is signed in. Its tokens are in memory alone. */
export interface Session extends EventTarget {
  /** The `sub` that the provider knows them by. */
  readonly subject: string;

  /** Who it is, as people read it. */
  readonly name: string;

  /**
   * An access token that is still valid, refreshed where it has to be. The event `ended` reports a session that cannot go on.
   *
   * @param refused a token that the service has refused, so that another one is needed
   * @throws ApiError when the provider cannot be reached, which ends nothing; any other Error when the session has ended
   */
  token(refused?: string): Promise<string>;

  /** Ends it here alone: its tokens are gone, and the provider is asked for no others. Nothing leads away. */
  forget(): void;

  /** Ends it here and at the provider, where it leads to. */
  signOut(): Promise<void>;
}

/** How people sign in. The page asks {@link resume} once, when it opens. */
export interface SignIn {
  /**
   * Whoever comes back from the provider with a code, at the address that they left; undefined: nobody.
   *
   * @throws Error with a sentence for people, when the provider refused or the code is of nobody
   */
  resume(): Promise<Session | undefined>;

  /** Leads to the provider, and from there back to the present address, its hash included. */
  begin(): Promise<void>;

  /**
   * Signs in once more in a window of its own, so that what is entered on the page stays. To be called while a click is handled.
   *
   * @returns undefined when it was aborted, whatever its window leads to afterwards
   * @throws Error with a sentence for people, when the browser opens no window, or the provider refused
   */
  again(other: OtherWindow): Promise<Session | undefined>;
}

/** What the page has to do with a window in which somebody signs in. */
export interface OtherWindow {
  /** Ends the waiting for it. */
  signal: AbortSignal;
  /** Told once when it is closed, or looks so: providers can hide their windows from others. Its answer is taken all the same. */
  onOutOfSight: () => void;
}
