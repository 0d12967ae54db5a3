import type Stripe from 'stripe';
import { Secret } from '../crypto/secret.js';
import { findFault, isMaskOf } from '../domain/credential-rules.js';
import { STRIPE_API_VERSION, unavailable, type StripeApi } from './stripe-api.js';

/** A webhook endpoint as Stripe has it. */
export interface StripeEndpoint {
  /** `we_…` */
  id: string;
  url: string;
  isEnabled: boolean;
  eventTypes: string[];
  apiVersion: string | null;
  metadata: Record<string, string>;
}

/** The parameters of a new endpoint. */
export interface NewEndpoint {
  url: string;
  eventTypes: readonly string[];
  metadata: Record<string, string>;
  /** The same key gives the same answer for 24 hours. */
  idempotencyKey: string;
}

/** An endpoint that Stripe has just created, and its secret, which Stripe reveals only then. */
export interface MadeEndpoint {
  endpoint: StripeEndpoint;
  secret: Secret;
}

/** The webhook endpoints of the account that a key belongs to. Every call throws as {@link StripeApi.ask} does. */
export class WebhookEndpointsApi {
  constructor(
    private readonly stripe: StripeApi,
    private readonly key: Secret,
    private readonly asker: string,
  ) {}

  /** Those of a URL, in Stripe's order. An account has 16 at most, so that all are one page. */
  async list(url: string): Promise<StripeEndpoint[]> {
    const { data } = await this.ask((stripe) => stripe.webhookEndpoints.list({ limit: 100 }));
    if (!Array.isArray(data)) throw unavailable('answer');
    return data.map(toEndpoint).filter((endpoint) => endpoint.url === url);
  }

  /** Creates an endpoint, with the version of Stripe's API that our SDK speaks. */
  async create({ url, eventTypes, metadata, idempotencyKey }: NewEndpoint): Promise<MadeEndpoint> {
    const created = await this.ask((stripe) =>
      stripe.webhookEndpoints.create(
        {
          url,
          enabled_events: eventTypes as Stripe.WebhookEndpointCreateParams.EnabledEvent[],
          api_version: STRIPE_API_VERSION,
          metadata,
        },
        { idempotencyKey },
      ),
    );
    const { secret } = created;
    if (typeof secret !== 'string' || isMaskOf(FIELD, secret) || findFault(FIELD, secret))
      throw unavailable('answer');
    return { endpoint: toEndpoint(created), secret: new Secret(secret) };
  }

  /** Enables it and sets what it sends. */
  async update(id: string, eventTypes: readonly string[]): Promise<StripeEndpoint> {
    const params = {
      enabled_events: eventTypes as Stripe.WebhookEndpointUpdateParams.EnabledEvent[],
      disabled: false,
    };
    return toEndpoint(await this.ask((stripe) => stripe.webhookEndpoints.update(id, params)));
  }

  async remove(id: string): Promise<void> {
    await this.ask((stripe) => stripe.webhookEndpoints.del(id));
  }

  private ask<T>(work: (stripe: Stripe) => Promise<T>): Promise<T> {
    return this.stripe.ask(this.key, work, { asker: this.asker });
  }
}

/** Webhook secrets look the same in both modes. */
const FIELD = 'test_webhook_secret';

/** Ids are stored and become part of addresses, so they must have the form of Stripe's. */
function toEndpoint(endpoint: Stripe.WebhookEndpoint): StripeEndpoint {
  if (!/^we_[A-Za-z0-9]{1,64}$/.test(endpoint.id)) throw unavailable('answer');
  return {
    id: endpoint.id,
    url: endpoint.url,
    isEnabled: endpoint.status === 'enabled',
    eventTypes: endpoint.enabled_events,
    apiVersion: endpoint.api_version,
    metadata: endpoint.metadata,
  };
}
