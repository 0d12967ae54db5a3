import type { KeyObject } from 'node:crypto';
import type { KeyRing } from './crypto/key-ring.js';
import type { ProjectOwnership } from './project-ownership.js';

/** How access tokens are verified: by a shared secret, or by the keys of an identity provider. */
export type AccessTokenOptions = {
  /** A scope that every token must have. Default: none. */
  requiredScope?: string | undefined;
} & (
  | {
      /** HS256, 32 bytes or more. */
      secret: KeyObject;
    }
  | {
      /** The exact `iss` of its tokens. */
      issuer: string;
      /** The `aud` that its tokens must name. */
      audience: string;
      /** Address of its key set. Default: the one that the issuer's metadata names. */
      jwksUri?: string | undefined;
    }
);

/** What the host gives the payments module. */
export interface PaymentsModuleOptions {
  /** The keys that seal credentials. */
  keyRing: KeyRing;
  /** Who owns a project. */
  projects: ProjectOwnership;
  auth: AccessTokenOptions;
  /** The address that Stripe reaches this API by, without a path: webhook URLs begin with it. */
  publicBaseUrl: string;
  /** Address of Stripe's API. Default: `https://api.stripe.com`; another one is for tests and mocks. */
  stripeApiBase?: string | undefined;
  /**
   * How long a webhook secret that was replaced is still accepted, in hours; 0: not at all. Default: 24, which is how
   * long Stripe can sign with both (docs.stripe.com/webhooks, "Roll endpoint signing secrets").
   */
  webhookSecretOverlapHours?: number | undefined;
}

/** The options with every default in its place. */
export interface ResolvedOptions extends PaymentsModuleOptions {
  stripeApiBase: string;
  webhookSecretOverlapHours: number;
}

/** Injection token of the {@link ResolvedOptions}. */
export const RESOLVED_OPTIONS = Symbol('ResolvedOptions');

/** Puts every default in its place. */
export function resolveOptions(options: PaymentsModuleOptions): ResolvedOptions {
  return {
    ...options,
    publicBaseUrl: options.publicBaseUrl.replace(/\/+$/, ''),
    stripeApiBase: options.stripeApiBase ?? 'https://api.stripe.com',
    webhookSecretOverlapHours: options.webhookSecretOverlapHours ?? DEFAULT_OVERLAP_HOURS,
  };
}

const DEFAULT_OVERLAP_HOURS = 24;
