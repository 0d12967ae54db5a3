import type { FactoryProvider, ValueProvider } from '@nestjs/common';
import { KEY_BYTES, KeyRing, ringKey } from '../payments/crypto/key-ring.js';
import { ProjectAccess, type OwnedProjects } from '../payments/domain/project-access.js';
import { PaymentsHealth } from '../payments/health/payments-health.js';
import { ProjectIds } from '../payments/domain/project-ids.js';
import { PaymentsOptionsError } from '../payments/options/options-error.js';
import {
  RESOLVED_OPTIONS,
  type PaymentsModuleOptions,
  type ResolvedOptions,
} from '../payments/options/payments.options.js';
import { DataErasure } from '../payments/project-removal/data-erasure.js';
import { ProjectRemoval } from '../payments/project-removal/project-removal.js';
import { StripeClients } from '../payments/stripe-clients/stripe-clients.js';
import { HostEvents } from '../payments/stripe-config/host-events.js';
import { StripeConfigService } from '../payments/stripe-config/stripe-config.service.js';
import { EventWorker } from '../payments/stripe-webhooks/event-worker.js';
import { HostProjects } from '../payments/http/access/project-ownership.guard.js';
import { inMemoryErasure } from './in-memory-erasure.js';
import type { InMemoryPayments } from './in-memory-payments.js';
import { randomBytes } from 'node:crypto';

/** Nothing is stored, so that nothing waits for its handlers: tests hand them events with `deliverStripeEvent`. */
const NO_EVENTS: Pick<EventWorker, 'runOnce'> = { runOnce: () => Promise.resolve(0) };

/** What takes the places of the module's services. */
export function inMemoryProviders({
  clients,
  configs,
  removal,
  health,
  projectIds,
}: InMemoryPayments): (ValueProvider | FactoryProvider)[] {
  return [
    { provide: StripeClients, useValue: clients },
    { provide: ProjectRemoval, useValue: removal },
    {
      provide: DataErasure,
      inject: [HostProjects],
      useFactory: (projects: HostProjects) => inMemoryErasure(removal, projects),
    },
    { provide: PaymentsHealth, useValue: health },
    { provide: EventWorker, useValue: NO_EVENTS },
    {
      provide: StripeConfigService,
      inject: [HostEvents, RESOLVED_OPTIONS],
      useFactory: (events: HostEvents, options: Pick<ResolvedOptions, 'projectIds'>) => {
        requireSameIds(projectIds, options.projectIds);
        return configs.emitThrough(events);
      },
    },
  ];
}

function requireSameIds(given: InMemoryPayments['projectIds'], { words }: ProjectIds): void {
  if (ProjectIds.of(given).words === words) return;
  throw new PaymentsOptionsError([
    `projectIds of InMemoryPayments is another than that of PaymentsModule, for which an id is ${words}; give the same to both: new InMemoryPayments({ projectIds })`,
  ]);
}

/** Nobody owns any project. */
class NoProjects extends ProjectAccess {
  findOwner(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  listOwnedBy(): Promise<OwnedProjects> {
    return Promise.resolve({ projects: [], total: 0 });
  }
}

/** Options of a module that needs nothing: every caller passes, and nobody owns a project. */
export function optionsForTests(options: Partial<PaymentsModuleOptions> = {}): PaymentsModuleOptions {
  return {
    keyRing: new KeyRing([ringKey(randomBytes(KEY_BYTES), 'active')]),
    projects: new NoProjects(),
    auth: { guard: { canActivate: () => true } },
    publicBaseUrl: 'https://payments.example.test',
    ...options,
  };
}
