import { KeyObject } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters } from 'jose';
import { proxiedFetch } from '../outbound-proxy.js';
import { DependencyUnavailable } from '../payments.errors.js';
import { invalidToken } from './access-token.js';

/** Addresses of an identity provider, from its metadata (OpenID Connect Discovery 1.0 section 3, RFC 8414). */
export interface IssuerMetadata {
  issuer: string;
  jwks_uri: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
}

/** A key set is used without asking for this long, in milliseconds. */
const FRESH_MS = 10 * 60_000;
/** While the provider is down, a key set serves for this much longer. */
const STALE_IF_ERROR_MS = 60 * 60_000;
/** Unknown keys cost at most one fetch in this time. */
const COOLDOWN_MS = 30_000;
/** With nothing cached a request may ask again after this. */
const RETRY_MS = 1_000;
const FETCH_TIMEOUT_MS = 3_000;
const MAX_ANSWER_BYTES = 1 << 20;

type FindKey = ReturnType<typeof createLocalJWKSet>;

/**
 * The signing keys of an identity provider. The set is cached whole, so that tokens naming unknown keys can
 * neither crowd out good keys nor make this service ask the provider more than once in 30 seconds.
 */
export class IssuerKeys {
  private keySet: { find: FindKey; fetchedAt: number } | undefined;
  private lastAttemptAt = -Infinity;
  private pending: Promise<void> | undefined;

  /**
   * @param issuer the exact `iss` of its tokens; its metadata names the key set unless `jwksUri` does
   * @param clock milliseconds since any fixed moment
   */
  constructor(
    private readonly issuer: string,
    private readonly jwksUri?: string,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  /**
   * The key that a token says it is signed with.
   *
   * @throws PaymentsError `invalid_token` when the provider has no such key
   * @throws DependencyUnavailable when the provider cannot be reached and nothing usable is cached
   */
  async find(header: JWSHeaderParameters): Promise<KeyObject> {
    await this.refreshIfDue();
    const key = (await this.pick(header)) ?? (await this.pickAfterRefresh(header));
    if (key === undefined) throw invalidToken();
    return key;
  }

  private get age(): number {
    return this.keySet === undefined ? Infinity : this.clock() - this.keySet.fetchedAt;
  }

  private async refreshIfDue(): Promise<void> {
    if (this.age <= FRESH_MS) return;
    const usable = this.age <= FRESH_MS + STALE_IF_ERROR_MS;
    const sinceAttempt = this.clock() - this.lastAttemptAt;
    if (this.pending !== undefined || sinceAttempt >= (usable ? COOLDOWN_MS : RETRY_MS)) {
      const refreshed = this.refresh();
      // A stale set serves while the new one is on its way; a failure shows once it is too old.
      if (usable) refreshed.catch(() => undefined);
      else await refreshed;
    } else if (!usable) {
      throw new DependencyUnavailable('identity provider');
    }
  }

  private async pickAfterRefresh(header: JWSHeaderParameters): Promise<KeyObject | undefined> {
    if (this.pending === undefined && this.clock() - this.lastAttemptAt < COOLDOWN_MS) return undefined;
    try {
      await this.refresh();
    } catch {
      // The cached set may still serve other tokens, so an unknown key is no reason to report an outage.
      return undefined;
    }
    return this.pick(header);
  }

  private async pick(header: JWSHeaderParameters): Promise<KeyObject | undefined> {
    try {
      const key = await this.keySet?.find(header);
      return key && KeyObject.from(key);
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  private refresh(): Promise<void> {
    this.pending ??= this.fetchKeySet().finally(() => {
      this.pending = undefined;
    });
    return this.pending;
  }

  private async fetchKeySet(): Promise<void> {
    this.lastAttemptAt = this.clock();
    const address = this.jwksUri ?? (await fetchIssuerMetadata(this.issuer)).jwks_uri;
    const find = toFindKey(await fetchJson(address));
    this.keySet = { find, fetchedAt: this.clock() };
  }
}

function toFindKey(keySet: unknown): FindKey {
  try {
    return createLocalJWKSet(keySet as JSONWebKeySet);
  } catch (error) {
    throw new DependencyUnavailable('identity provider', { cause: error });
  }
}

/**
 * Reads the metadata of an identity provider.
 *
 * @throws DependencyUnavailable when it cannot be reached, or speaks for another issuer
 */
export async function fetchIssuerMetadata(issuer: string): Promise<IssuerMetadata> {
  const metadata = (await fetchJson(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  )) as Partial<IssuerMetadata> | null;
  if (metadata?.issuer !== issuer || typeof metadata.jwks_uri !== 'string') {
    throw new DependencyUnavailable('identity provider', {
      cause: new Error('the metadata of the identity provider names another issuer or no jwks_uri'),
    });
  }
  return metadata as IssuerMetadata;
}

async function fetchJson(address: string): Promise<unknown> {
  try {
    const response = await proxiedFetch(address, {
      headers: { accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`the identity provider answered with status ${response.status}`);
    return JSON.parse(await readCapped(response));
  } catch (error) {
    throw new DependencyUnavailable('identity provider', { cause: error });
  }
}

async function readCapped(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer of the identity provider is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
