/** Somebody who is signed in. Its tokens are in memory alone. */
export interface Session extends EventTarget {
  /** Who it is, as people read it. */
  readonly name: string;

  /**
   * An access token that is still valid, refreshed where it has to be. The event `ended` reports a session that cannot go on.
   *
   * @throws Error when it has ended
   */
  token(): Promise<string>;

  /** Ends it here and at the provider. */
  signOut(): Promise<void>;
}
