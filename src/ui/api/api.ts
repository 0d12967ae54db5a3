import { ApiError, bodyOf, errorOf } from './api-error.js';

/** How the service is reached. */
export interface ApiOptions {
  /** Where the routes of payments begin, such as `/api/v1/payments`; also of another origin that the service knows. */
  base: string;
  /**
   * Gives the access token of each request, and another one for a token that was refused; without, requests carry the cookies of the
   * page's own origin.
   */
  token?: ((refused?: string) => Promise<string | undefined> | string | undefined) | undefined;
  /** Whether cookies go along, as `fetch` has it. Default: `same-origin`. */
  credentials?: RequestCredentials | undefined;
  /** Told when requests are refused since nobody is signed in any more, or there is no token. */
  onSignedOut?: (() => void) | undefined;
}

/** One request. */
export interface ApiRequest {
  body?: object;
  /** The version that a change is meant for: `If-Match`, or `If-None-Match: *` for `none`. */
  onlyIf?: string | undefined;
  query?: Record<string, string | undefined>;
}

/** What was answered, and the version that it has. */
export interface Answer<T> {
  value: T;
  etag: string | undefined;
  /** The query of the next page, where there is one. */
  next: string | undefined;
}

/** Asks the service. It keeps nothing of what it sends. */
export class Api {
  constructor(private readonly options: ApiOptions) {}

  /**
   * @param path below the base, already encoded
   * @throws ApiError
   */
  async request<T>(method: string, path: string, { query, ...request }: ApiRequest = {}): Promise<Answer<T>> {
    const token = await this.token();
    const send = (authorization: string | undefined): Promise<Response> =>
      this.send(method, this.addressOf(path, query), request, authorization);
    let response = await send(token);
    if (response.status === 401 && token !== undefined) {
      // It may have been revoked, or the keys of the provider are others. What was refused so was not carried out.
      const another = await this.token(token);
      if (another !== token) response = await send(another);
    }
    if (response.status === 401) this.options.onSignedOut?.();
    if (!response.ok) throw await errorOf(response);
    return {
      value: (await bodyOf(response)) as T,
      etag: response.headers.get('etag') ?? undefined,
      next: /^<([^>]*)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1],
    };
  }

  private async send(
    method: string,
    address: string,
    { body, onlyIf }: ApiRequest,
    token: string | undefined,
  ): Promise<Response> {
    try {
      return await fetch(address, {
        method,
        headers: {
          accept: 'application/json',
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(onlyIf === 'none' ? { 'if-none-match': '*' } : onlyIf !== undefined && { 'if-match': onlyIf }),
        },
        credentials: this.options.credentials ?? 'same-origin',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch {
      throw new ApiError(
        0,
        'unreachable',
        'The service cannot be reached; check the connection and try again.',
      );
    }
  }

  private async token(refused?: string): Promise<string | undefined> {
    try {
      return await this.options.token?.(refused);
    } catch (error) {
      // The provider could not be asked, which ends nothing.
      if (error instanceof ApiError) throw error;
      this.options.onSignedOut?.();
      throw new ApiError(401, 'not_authenticated', 'There is no access token any more; sign in again.');
    }
  }

  private addressOf(path: string, query: ApiRequest['query'] = {}): string {
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
    return `${this.options.base.replace(/\/$/, '')}/${path}${search}`;
  }
}
