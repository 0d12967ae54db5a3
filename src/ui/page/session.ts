/** Somebody who is signed in. Its tokens are in memory alone. */
export interface Session extends EventTarget {
  /** Who it is, as people read it. */
  readonly name: string;

  /**
   * An access token that is still valid, refreshed where it has to be. The event `ended` reports a session that cannot go on.
   *
   * @param refused a token that the service has refused, so that another one is needed
   * @throws ApiError when the provider cannot be reached, which ends nothing; any other Error when the session has ended
   */
  token(refused?: string): Promise<string>;

  /** Ends it here and at the provider. */
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
   * Signs in once more in a window of its own, so that what was typed on the page stays. Left out: {@link begin} is offered.
   *
   * @throws Error with a sentence for people, when the window was closed
   */
  again?(): Promise<Session>;
}
