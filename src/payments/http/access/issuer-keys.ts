import { createPublicKey, type JsonWebKey } from 'node:crypto';
import type { createLocalJWKSet, CryptoKey, JWK, JWSHeaderParameters } from 'jose';
import { connectionFaultOf } from '../../common/connection-fault.js';
import { ExplainedError } from '../../domain/explained-error.js';
import { proxiedFetch } from '../../common/outbound-proxy.js';
import { DependencyUnavailable } from '../../domain/errors.js';
import { readCapped } from '../../common/read-capped.js';
import { TokenRefused } from './access-token.js';
import { loadJose } from './load-jose.js';

/** Addresses of an identity provider, from its metadata (OpenID Connect Discovery 1.0 section 3, RFC 8414). */
export interface IssuerMetadata {
  issuer: string;
  jwks_uri: string;
  authorization_endpoint?: string;
  token_endpoint?: string;
  end_session_endpoint?: string;
  id_token_signing_alg_values_supported?: string[];
  authorization_response_iss_parameter_supported?: boolean;
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
/** Shortest RSA key that may sign tokens (RFC 7518 section 3.3). */
const MIN_RSA_BITS = 2048;

type FindKey = ReturnType<typeof createLocalJWKSet>;

/**
 * The signing keys of an identity provider. The set is cached whole, so that tokens naming unknown keys can
 * neither crowd out good keys nor make this service ask the provider more than once in 30 seconds.
 */
export class IssuerKeys {
  private keySet: { find: FindKey; fetchedAt: number } | undefined;
  private lastAttemptAt = -Infinity;
  private pending: Promise<void> | undefined;
  /** Why the provider could not be asked, when last it was. */
  private outage: DependencyUnavailable | undefined;

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
   * @throws DependencyUnavailable when the provider cannot be reached and nothing that is cached has the key
   */
  async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    await this.refreshIfDue();
    const key = (await this.pick(header)) ?? (await this.pickAfterRefresh(header));
    if (key === undefined) throw new TokenRefused('unknown_kid');
    return key;
  }

  /**
   * Fetches the keys before there is a token.
   *
   * @throws DependencyUnavailable when the provider cannot be asked: later tokens ask it again
   * @throws IssuerMismatch when it never will have the keys of this issuer
   */
  async prepare(): Promise<void> {
    await this.refresh();
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
      throw this.outage ?? new DependencyUnavailable('identity provider');
    }
  }

  private async pickAfterRefresh(header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
    if (this.pending === undefined && this.clock() - this.lastAttemptAt < COOLDOWN_MS) {
      // The key may be a new one that the provider could not be asked for: such a token was not verified.
      if (this.outage !== undefined) throw this.outage;
      return undefined;
    }
    await this.refresh();
    return this.pick(header);
  }

  private async pick(header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
    try {
      return await this.keySet?.find(header);
    } catch {
      // No key fits, or several do, or the one that does cannot be imported.
      return undefined;
    }
  }

  private refresh(): Promise<void> {
    this.pending ??= this.fetchKeySet()
      .then(
        () => {
          this.outage = undefined;
        },
        (error: unknown) => {
          this.outage =
            error instanceof DependencyUnavailable
              ? error
              : new DependencyUnavailable('identity provider', { cause: error });
          throw error;
        },
      )
      .finally(() => {
        this.pending = undefined;
      });
    return this.pending;
  }

  private async fetchKeySet(): Promise<void> {
    this.lastAttemptAt = this.clock();
    const address = this.jwksUri ?? (await fetchIssuerMetadata(this.issuer)).jwks_uri;
    const find = await toFindKey(await fetchJson(address, 'its key set'));
    this.keySet = { find, fetchedAt: this.clock() };
  }
}

/** One entry that cannot be used must not take the others along. */
async function toFindKey(keySet: unknown): Promise<FindKey> {
  const keys: unknown = (keySet as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw faultOf('the key set is none: it has no list "keys"; check the jwksUri');
  const usable = keys.filter(isUsableKey);
  if (usable.length === 0 && keys.length > 0) throw faultOf('no key of the key set can be used');
  const { createLocalJWKSet } = await loadJose();
  return createLocalJWKSet({ keys: usable });
}

function isUsableKey(key: unknown): key is JWK {
  if (typeof key !== 'object' || key === null) return false;
  const { kty } = key as { kty?: unknown };
  // What is of another kind is never chosen for a token.
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return true;
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: key as JsonWebKey, format: 'jwk' });
    return kty !== 'RSA' || (asymmetricKeyDetails?.modulusLength ?? 0) >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}

function faultOf(explanation: string, cause?: unknown): DependencyUnavailable {
  return new DependencyUnavailable('identity provider', {
    cause: new ExplainedError(`the identity provider: ${explanation}`, { cause }),
  });
}

/** The identity provider says that its issuer is another one: no token could ever be accepted. */
export class IssuerMismatch extends DependencyUnavailable {
  override name = 'IssuerMismatch';

  /** @param named the issuer that the metadata names */
  constructor(readonly named: string) {
    super('identity provider', {
      cause: new ExplainedError(
        'the metadata of the identity provider names another issuer than the settings do; set the issuer exactly as the metadata has it, the slash at its end included',
      ),
    });
  }
}

/**
 * Reads the metadata of an identity provider.
 *
 * @throws IssuerMismatch when it speaks for another issuer
 * @throws DependencyUnavailable when it cannot be reached, or is no metadata
 */
export async function fetchIssuerMetadata(issuer: string): Promise<IssuerMetadata> {
  const metadata = (await fetchJson(
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    'its metadata',
  )) as Partial<IssuerMetadata> | null;
  if (typeof metadata?.issuer === 'string' && metadata.issuer !== issuer) {
    throw new IssuerMismatch(metadata.issuer);
  }
  if (metadata?.issuer !== issuer || typeof metadata.jwks_uri !== 'string') {
    throw faultOf('its metadata lacks the issuer or the jwks_uri; check the issuer, or give the jwksUri');
  }
  return metadata as IssuerMetadata;
}

/** @param what names the answer in an error */
async function fetchJson(address: string, what: 'its metadata' | 'its key set'): Promise<unknown> {
  const fix = `check the ${what === 'its metadata' ? 'issuer' : 'jwksUri'} of the settings`;
  let text: string;
  let status: number;
  try {
    const response = await proxiedFetch(address, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    status = response.status;
    text = await readCapped(response, MAX_ANSWER_BYTES, () => faultOf('an answer is longer than 1 MiB'));
  } catch (error) {
    if (error instanceof DependencyUnavailable) throw error;
    const { certificate } = connectionFaultOf(error);
    throw faultOf(
      certificate === undefined
        ? `${what} could not be fetched; the code of the cause says why, and if it stays so, ${fix}`
        : `${what} could not be fetched: ${certificate}`,
      error,
    );
  }
  if (status >= 300 && status < 400) throw faultOf(`${what} redirects, which is not followed; ${fix}`);
  if (status !== 200) throw faultOf(`${what} was answered with status ${status}; ${fix}`);
  try {
    return JSON.parse(text);
  } catch {
    throw faultOf(`${what} is not JSON but, for instance, a page; ${fix}`);
  }
}
