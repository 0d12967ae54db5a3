import { StripeCredentialsError } from '../payments/domain/errors.js';
import type { Mode } from '../payments/domain/credentials.js';
import type { HostId } from '../payments/domain/host-id.js';
import type { StripeClient } from '../payments/stripe/client-of.js';
import type { StripeClients } from '../payments/stripe-clients/stripe-clients.js';
import { fakeCredential } from './fake-credential.js';
import { FakeStripe } from './fake-stripe.js';
import type { InMemoryStripeConfigs } from './in-memory-configs.js';
import type { PublicOf } from './public-of.js';

/** A client of Stripe, or as much of one as the code under test uses: `{ paymentIntents: { create } }`. */
export type StripeClientLike = {
  [Name in keyof StripeClient]?: StripeClient[Name] extends (...values: never[]) => unknown
    ? StripeClient[Name]
    : Partial<StripeClient[Name]>;
};

/**
 * Stands in for `StripeClients`: has the clients that the test gives, and of a project with a stored key a {@link FakeStripe}
 * without answers. Refuses as `StripeClients` does where there is no key to use.
 */
export class InMemoryStripeClients implements PublicOf<
  StripeClients,
  'onModuleInit' | 'onApplicationShutdown'
> {
  private readonly given = new Map<string, { client: StripeClient; publishableKey: string }>();
  private readonly unanswered = new FakeStripe().client;

  constructor(private readonly configs: Pick<InMemoryStripeConfigs, 'find' | 'open' | 'readId'>) {}

  /**
   * Gives a project a client, whatever is stored for it.
   *
   * @param publishableKey default: a fake one
   */
  use(
    projectId: HostId,
    mode: Mode,
    client: StripeClientLike,
    publishableKey = fakeCredential(`${mode}_publishable_key`, this.configs.readId(projectId)),
  ): this {
    this.given.set(this.nameOf(projectId, mode), { client: client as StripeClient, publishableKey });
    return this;
  }

  async forProject(projectId: HostId, mode: Mode): Promise<StripeClient> {
    await this.requireActive(projectId, mode);
    const given = this.given.get(this.nameOf(projectId, mode));
    if (given !== undefined) return given.client;
    const key = await this.configs.open(projectId, `${mode}_secret_key`);
    if (key === null) throw new StripeCredentialsError('not_configured', mode);
    return this.unanswered;
  }

  async publishableKey(projectId: HostId, mode: Mode): Promise<string> {
    await this.requireActive(projectId, mode);
    const stored = await this.configs.open(projectId, `${mode}_publishable_key`);
    const key = stored?.reveal() ?? this.given.get(this.nameOf(projectId, mode))?.publishableKey;
    if (key === undefined) throw new StripeCredentialsError('not_configured', mode);
    return key;
  }

  private async requireActive(projectId: HostId, mode: Mode): Promise<void> {
    const config = await this.configs.find(projectId);
    if (config?.is_active === false) throw new StripeCredentialsError('deactivated', mode);
  }

  private nameOf(projectId: HostId, mode: Mode): string {
    return `${this.configs.readId(projectId)} ${mode}`;
  }
}
