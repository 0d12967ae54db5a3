import { PaymentsError } from '../payments/domain/errors.js';
import { validChange, type Change } from '../payments/domain/change.js';
import type { PaymentsHealth } from '../payments/health/payments-health.js';
import type { ProjectRemoval, ProjectRemovalResult } from '../payments/project-removal/project-removal.js';
import { InMemoryStripeClients } from './in-memory-clients.js';
import { InMemoryStripeConfigs } from './in-memory-configs.js';
import type { PublicOf } from './public-of.js';

/** What stands in for the services of `PaymentsModule` in a test: they share one memory, and need no database and no Stripe. */
export class InMemoryPayments {
  readonly configs = new InMemoryStripeConfigs();
  readonly clients = new InMemoryStripeClients(this.configs);
  readonly removal: PublicOf<ProjectRemoval> = {
    remove: (projectId, change) => this.remove(projectId, change),
  };
  readonly health: PublicOf<PaymentsHealth> = {
    database: (key) => Promise.resolve(up(key)),
    keyRing: (key) => up(key),
  };

  private async remove(projectId: string, change: Change): Promise<ProjectRemovalResult> {
    validChange(change);
    this.configs.noteRemoved(projectId);
    await this.configs.deactivate(projectId, change).catch((error: unknown) => {
      if (!(error instanceof PaymentsError) || error.code !== 'config_not_found') throw error;
    });
    return { endpointsLeft: [] };
  }
}

function up<Key extends string>(key: Key): Record<Key, { status: 'up' }> {
  return { [key]: { status: 'up' } } as Record<Key, { status: 'up' }>;
}
