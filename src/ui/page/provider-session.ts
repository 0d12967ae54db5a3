import * as oauth from 'oauth4webapi';
import { ApiError } from '../api/api-error.js';
import type { Provider } from './provider.js';
import { requestOptions } from './request-options.js';
import type { Session } from './session.js';

/** How long before its end a token is replaced, in milliseconds. */
const MARGIN_MS = 30_000;
/** How long a token is taken to be valid whose provider does not say, in seconds. */
const UNSAID_SECONDS = 300;
/** Timers take no longer times. */
const LONGEST_TIMER_MS = 0x7fff_ffff;
/** When the provider is asked again that could not be reached, in milliseconds. */
const RETRY_MS = 10_000;

/** The state with which the provider leads back from a sign-out. */
export const SIGNED_OUT = 'signed-out';

/** Somebody who has signed in at an identity provider. Tokens are in the private fields of this object, and nowhere else. */
export class ProviderSession extends EventTarget implements Session {
  readonly subject: string;
  readonly name: string;
  #accessToken = '';
  #refreshToken: string | undefined;
  /** When the access token is to be replaced, and when it ends, in milliseconds since 1970. */
  #staleAt = 0;
  #endsAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refreshing: Promise<void> | undefined;
  #hasEnded = false;

  constructor(
    private readonly provider: Provider,
    tokens: oauth.TokenEndpointResponse,
  ) {
    super();
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (claims === undefined) throw new Error('there is no ID token');
    this.subject = claims.sub;
    this.name = nameIn(claims);
    this.#take(tokens);
  }

  /** @param refused a token that the service has refused, so that another one is needed */
  async token(refused?: string): Promise<string> {
    this.#requireAlive();
    if (refused === this.#accessToken || Date.now() >= this.#staleAt) await this.#refresh();
    this.#requireAlive();
    return this.#accessToken;
  }

  forget(): void {
    this.#end();
  }

  signOut(): Promise<void> {
    const { end_session_endpoint: endpoint, client_id } = this.provider;
    this.#end();
    if (endpoint === undefined) return Promise.resolve();
    const back = location.origin + location.pathname;
    const url = new URL(endpoint);
    for (const [name, value] of Object.entries({
      // Without the hint of an ID token, which would stand in the browser's history with all that it says of somebody.
      client_id,
      post_logout_redirect_uri: back,
      // As Amazon Cognito calls it.
      logout_uri: back,
      state: SIGNED_OUT,
    })) {
      url.searchParams.set(name, value);
    }
    location.assign(url);
    return Promise.resolve();
  }

  #take(tokens: oauth.TokenEndpointResponse): void {
    const now = Date.now();
    const lifetime = (tokens.expires_in ?? UNSAID_SECONDS) * 1_000;
    this.#accessToken = tokens.access_token;
    // Who does not rotate them gives none again.
    this.#refreshToken = tokens.refresh_token ?? this.#refreshToken;
    this.#endsAt = now + lifetime;
    this.#staleAt =
      this.#refreshToken === undefined ? this.#endsAt : now + Math.max(lifetime - MARGIN_MS, lifetime / 2);
    this.#wake(this.#staleAt - now);
  }

  /** Refreshes also while nobody asks, so that the end of the session is noticed when it comes. */
  #wake(inMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        if (Date.now() < this.#staleAt) this.#wake(this.#staleAt - Date.now());
        else this.#refresh().catch(() => undefined);
      },
      Math.min(Math.max(inMs, 0), LONGEST_TIMER_MS),
    );
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#askForTokens().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #askForTokens(): Promise<void> {
    const { provider } = this;
    if (this.#refreshToken === undefined) {
      this.#end();
      return;
    }
    const response = await oauth
      .refreshTokenGrantRequest(
        provider,
        provider,
        oauth.None(),
        this.#refreshToken,
        requestOptions(provider),
      )
      .catch(() => undefined);
    if (response === undefined || response.status === 429 || response.status >= 500) {
      this.#askLater();
      return;
    }
    try {
      const tokens = await oauth.processRefreshTokenResponse(provider, provider, response);
      if (!this.#hasEnded) this.#take(tokens);
    } catch {
      this.#end();
    }
  }

  /** The network is away, or the provider in trouble, and the session is not over. */
  #askLater(): void {
    if (this.#hasEnded) return;
    this.#wake(RETRY_MS);
    if (Date.now() < this.#endsAt) return;
    throw new ApiError(
      0,
      'unreachable',
      'The identity provider cannot be reached; check the connection and try again.',
    );
  }

  #requireAlive(): void {
    if (this.#hasEnded) throw new Error('The session has ended; sign in again.');
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#accessToken = '';
    this.#refreshToken = undefined;
    this.dispatchEvent(new Event('ended'));
  }
}

function nameIn({ name, preferred_username, email, sub }: oauth.IDToken): string {
  const names = [name, preferred_username, email];
  return names.find((each): each is string => typeof each === 'string' && each !== '') ?? sub;
}
