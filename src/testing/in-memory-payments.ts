import { PaymentsError } from '../payments/domain/errors.js';
import type { HostId } from '../payments/domain/host-id.js';
import { validChange, type Change } from '../payments/domain/change.js';
import { PaymentsOptionsError } from '../payments/options/options-error.js';
import type { PaymentsModuleExtras } from '../payments/options/payments.options.js';
import { projectIdsFault } from '../payments/options/project-ids-fault.js';
import type { PaymentsHealth } from '../payments/health/payments-health.js';
import type { ProjectRemoval, ProjectRemovalResult } from '../payments/project-removal/project-removal.js';
import { InMemoryStripeClients } from './in-memory-clients.js';
import { InMemoryStripeConfigs } from './in-memory-configs.js';
import type { PublicOf } from './public-of.js';

/** What stands in for the services of `PaymentsModule` in a test: they share one memory, and need no database and no Stripe. */
export class InMemoryPayments {
  /** As given; the module must have the same. */
  readonly projectIds: PaymentsModuleExtras['projectIds'];
  readonly configs: InMemoryStripeConfigs;
  readonly clients: InMemoryStripeClients;
  readonly removal: PublicOf<ProjectRemoval> = {
    remove: (projectId, change) => this.remove(projectId, change),
  };
  readonly health: PublicOf<PaymentsHealth> = {
    database: (key) => Promise.resolve(up(key)),
    keyRing: (key) => up(key),
  };

  /**
   * @param options `projectIds`: what the ids of projects look like, as in `PaymentsModule`
   * @throws PaymentsOptionsError
   */
  constructor({ projectIds }: Pick<PaymentsModuleExtras, 'projectIds'> = {}) {
    const fault = projectIdsFault(projectIds);
    if (fault !== undefined) throw new PaymentsOptionsError([fault]);
    this.projectIds = projectIds;
    this.configs = new InMemoryStripeConfigs(projectIds);
    this.clients = new InMemoryStripeClients(this.configs);
  }

  private async remove(projectId: HostId, change: Change): Promise<ProjectRemovalResult> {
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
