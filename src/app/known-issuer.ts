import { describeError } from '../payments/common/describe-error.js';
import { DependencyUnavailable } from '../payments/domain/errors.js';
import { fetchIssuerMetadata, type IssuerMetadata } from '../payments/http/access/issuer-keys.js';
import type { ServiceLogger } from './service-logger.js';

/** How often a provider that could not be asked is asked again, at most, in milliseconds. */
const RETRY_MS = 10_000;

/** The metadata of the identity provider, for what signs people in. It is asked for until it is had once. */
export class KnownIssuer {
  private found: IssuerMetadata | undefined;
  private asking: Promise<void> | undefined;
  private askedAt = -Infinity;

  /** @param issuer undefined where tokens come from no provider */
  constructor(
    private readonly issuer: string | undefined,
    private readonly events: ServiceLogger,
  ) {}

  /** Undefined while the provider cannot be asked, which the log says. */
  async metadata(): Promise<IssuerMetadata | undefined> {
    const { issuer } = this;
    if (issuer === undefined || this.found !== undefined) return this.found;
    if (this.asking === undefined && performance.now() - this.askedAt >= RETRY_MS) {
      this.asking = this.ask(issuer).finally(() => (this.asking = undefined));
    }
    await this.asking;
    return this.found;
  }

  private async ask(issuer: string): Promise<void> {
    this.askedAt = performance.now();
    try {
      this.found = await fetchIssuerMetadata(issuer);
    } catch (error) {
      const cause = error instanceof DependencyUnavailable ? error.cause : error;
      this.events.write('issuer_metadata.unavailable', describeError(cause));
    }
  }
}
