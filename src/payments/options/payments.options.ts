import type { KeyObject } from 'node:crypto';
import type { CanActivate } from '@nestjs/common';
import type { KeyRing } from '../crypto/key-ring.js';
import type { KeyRingFile } from '../crypto/key-ring-file.js';
import type { HostDatabase } from '../database/database.js';
import type { HostId } from '../domain/host-id.js';
import type { ProjectIdForm, ProjectIdFormName, ProjectIds } from '../domain/project-ids.js';
import type { ProjectAccess } from '../domain/project-access.js';
import type { Provided } from './provided.js';

/** The path of all routes, unless the options name another. */
export const DEFAULT_BASE_PATH = 'api/v1/payments';

/** How access tokens are verified: by a shared secret, or by the keys of an identity provider. */
export type AccessTokenOptions = {
  /** A scope that every token must have. Default: none. */
  requiredScope?: string | undefined;
  /**
   * The claims that name scopes: texts with spaces, or lists. Default: `scope` and `scp`; also `permissions`, `roles`,
   * `realm_access.roles`.
   */
  scopeClaims?: readonly string[] | undefined;
  /** Longest time that a token may still be valid, in hours. Default: 24, with a secret 744. */
  maxTokenHours?: number | undefined;
} & (
  | {
      /** HS256, 32 bytes or more: `createSecretKey(…)` of `node:crypto`. */
      secret: KeyObject;
    }
  | {
      /** The exact `iss` of its tokens. */
      issuer: string;
      /** The `aud` that its tokens must name, or several of which one is enough. */
      audience: string | readonly string[];
      /**
       * The claim that names it. Default: `aud`. Access tokens of Amazon Cognito have only `client_id`, and Keycloak's name
       * their client in `azp`.
       */
      audienceClaim?: 'aud' | 'client_id' | 'azp' | undefined;
      /** Address of its key set. Default: the one that the issuer's metadata names. */
      jwksUri?: string | undefined;
    }
);

/** Access decided by a guard of the host. */
export interface HostAccessOptions {
  /**
   * An instance, or a class that Nest has or can create. It lets signed-in callers pass, and is asked again where the body came later
   * than the headers.
   */
  guard: Provided<CanActivate>;
  /**
   * The caller's id, read from the host's own request after the guard let it pass: the one by which {@link ProjectAccess}
   * identifies owners. A number or bigint counts as its text; undefined or null: nobody is signed in (401). Default:
   * `request.user.sub`, or else `request.user.id`.
   */
  subject?: ((request: unknown) => HostId | null | undefined) | undefined;
}

/** What the host gives the payments module. */
export interface PaymentsModuleOptions {
  /**
   * The keys that seal credentials: the path of the file that holds them, the file already opened
   * ({@link openKeyRingFile}, for keys that a key service wraps), or the ring itself. A file is watched, and read
   * again when it changes; the ring of a text ({@link parseKeyRing}) is another one at the next start. `npx nest-stripe-config keys generate FILE` creates one.
   */
  keyRing: KeyRing | KeyRingFile | string;
  /**
   * The database of the module's tables: `{ pool }` of `pg`, `{ dataSource }` of TypeORM, or what an adapter makes
   * (`drizzleDatabase(…)`, `prismaDatabase(…)`). Default: the application's TypeORM data source.
   */
  database?: HostDatabase | undefined;
  /** Who owns a project: an instance, or a class that Nest has or can create. */
  projects: Provided<ProjectAccess>;
  /** Who may call: by access tokens, or by a guard of the host. */
  auth: AccessTokenOptions | HostAccessOptions;
  /**
   * The address at which Stripe reaches the base path, with the host's global prefix if it has one: webhook URLs begin with
   * it. `https://api.example.com`
   */
  publicBaseUrl: string;
  /** Address of Stripe's API, without a path. Default: `https://api.stripe.com`; another one is for tests and mocks. */
  stripeApiBase?: string | undefined;
  /**
   * How long a webhook secret that was replaced is still accepted, in hours; 0: not at all. Default: 24, which is how
   * long Stripe can sign with both (docs.stripe.com/webhooks, "Roll endpoint signing secrets").
   */
  webhookSecretOverlapHours?: number | undefined;
  /**
   * How long events that were handled or skipped are kept, in days from then; `forever`: until you delete them. From 35 on:
   * Stripe sends an event again for up to 30 days, and what is no longer known would be handled twice. Default: 45.
   */
  eventRetentionDays?: EventRetentionDays | undefined;
  /**
   * Whether a `DELETE` of a configuration, and {@link ProjectRemoval}, also erase the contents of its stored events, and which object
   * each is about. That the events were received stays known, so that Stripe may send them again; those that waited are skipped.
   * Default: false.
   */
  eraseEventsOnDelete?: boolean | undefined;
  /** How much of the process, the database and Stripe the module uses. */
  limits?: Partial<PaymentsLimits> | undefined;
  /** The time in milliseconds since 1970, for signatures of webhooks. Default: `Date.now`. */
  clock?: (() => number) | undefined;
}

/** How much of the process, the database and Stripe the module uses. */
export interface PaymentsLimits {
  /** Calls that check keys, for one project in a minute, by all replicas together. Default: 5. */
  stripeCallsPerMinute: number;
  /** Concurrent calls of Stripe, in this process; one caller has half of them at most. Default: 8. */
  stripeCallsAtOnce: number;
  /**
   * Stored events with their handlers at once, in this process. Each has a connection of the pool; half of a pool of ten is
   * the most, whatever is set. One project has half of them at most. Default: 4.
   */
  eventsAtOnce: number;
}

/** How long finished events are kept: a number of days, or `forever`. */
export type EventRetentionDays = number | 'forever';

/** What must be known before the application is created, so that no factory can return it. */
export interface PaymentsModuleExtras {
  /** The path of all routes, below the host's global prefix. Default: `api/v1/payments`. */
  basePath?: string | undefined;
  /**
   * What the ids of projects look like, in routes, storage and the OpenAPI document: a known form, or one of the host's own.
   * Default: `uuid`. `integer` and `bigint` are serial keys of 4 and 8 bytes.
   */
  projectIds?: ProjectIdFormName | ProjectIdForm | undefined;
  /** The name of the TypeORM data source, where the options have no `database`. Default: the one without a name. */
  dataSource?: string | undefined;
  /**
   * Whether this process receives webhooks, handles events, and offers the routes for both. Default: true. `publicBaseUrl` is
   * required without them, too: webhook endpoints that another process created are removed with their configuration.
   */
  webhooks?: boolean | WebhookRouteOptions | undefined;
  /**
   * Names of the security schemes in the application's OpenAPI document that our operations are documented with; each of them is
   * enough. Default: those that the document requires of every operation (`addSecurityRequirements`).
   */
  openApiSecurity?: readonly string[] | undefined;
}

/** How webhooks are received. */
export interface WebhookRouteOptions {
  /**
   * Metadata of the route that Stripe calls, for global guards of the host that look for some: what `@Public()` of Nest's
   * documentation sets is `{ isPublic: true }`. An empty object says that the global guards let Stripe pass without any.
   */
  metadata: Readonly<Record<string | symbol, unknown>>;
}

/** The options with every default filled in. */
export interface ResolvedOptions extends Omit<PaymentsModuleOptions, 'limits'> {
  basePath: string;
  stripeApiBase: string;
  webhookSecretOverlapHours: number;
  eventRetentionDays: EventRetentionDays;
  eraseEventsOnDelete: boolean;
  limits: PaymentsLimits;
  clock: () => number;
  projectIds: ProjectIds;
}

/** Injection token of the {@link ResolvedOptions}. */
export const RESOLVED_OPTIONS = Symbol('ResolvedOptions');
