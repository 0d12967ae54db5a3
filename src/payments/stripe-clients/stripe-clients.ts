import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { Sealer } from '../crypto/sealer.js';
import type { Secret } from '../crypto/secret.js';
import { runStatement } from '../database/run-statement.js';
import { StripeCredentialsError } from '../domain/errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { Periodic } from '../database/periodic.js';
import { clientOf, type StripeClient } from '../stripe/client-of.js';
import { sealContext } from '../crypto/sealer.js';
import { FIND_VERSIONS } from '../stripe-config/stripe-config.statements.js';
import { MODES, type Mode } from '../domain/credentials.js';
import type { HostId } from '../domain/host-id.js';
import { CurrentKeyRing } from '../key-ring/current-key-ring.js';
import { count } from '../telemetry/meter.js';
import { ChangeAnnouncements } from '../stripe-config/change-announcements.js';
import { ProjectCache, type Versioned } from './project-cache.js';
import { FIND_KEY, type UsableField } from './stripe-clients.statements.js';

/** How often cached versions are compared with the database, in milliseconds, should its announcements not arrive. */
const COMPARE_MS = 5_000;

/**
 * Stripe clients for the code that charges cards. A client is cached until its project's configuration changes, on any
 * replica: the database announces changes, and every few seconds the versions are compared as well. While the database
 * cannot be reached, cached clients still work, perhaps with a key that was replaced; they are compared as soon as the
 * database is back.
 */
@Injectable()
export class StripeClients implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new PaymentsLogger(StripeClients.name);
  private readonly clients = cacheByMode<StripeClient>();
  private readonly publishableKeys = cacheByMode<string>();
  private readonly caches = [...this.clients.values(), ...this.publishableKeys.values()];
  private readonly periodic = new Periodic(StripeClients.name, async () => {
    await this.compare();
    return COMPARE_MS;
  });

  constructor(
    private readonly sealer: Sealer,
    private readonly keys: CurrentKeyRing,
    private readonly changes: ChangeAnnouncements,
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projectIds' | 'stripeApiBase'>,
  ) {}

  onModuleInit(): void {
    this.changes.subscribe((projectId) => {
      if (projectId === undefined) this.periodic.wake();
      else for (const cache of this.caches) cache.delete(projectId);
    });
    // What was opened with a key that has left the ring must not be used any longer.
    this.keys.onChange(() => {
      for (const cache of this.caches) cache.clear();
    });
    this.periodic.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
  }

  /**
   * A client of Stripe's official SDK that uses the secret key of a project and mode. Ask for it each time: it costs nothing
   * while the configuration stays the same. It shows its key nowhere: not to `util.inspect`, not as JSON, not in its errors.
   *
   * Timeout (80 s) and retries are the SDK's own, since giving up early on a payment leaves its outcome unknown; requests
   * that may fail sooner take `{ timeout }`, as ever.
   *
   * @throws StripeCredentialsError when there is no key to use, with the reason
   * @throws DependencyUnavailable when it is not cached and the database does not answer
   * @throws ValidationFailed when the id is of another form
   */
  forProject(projectId: HostId, mode: Mode): Promise<StripeClient> {
    const cache = this.clients.get(mode);
    return (
      found(cache, projectId) ??
      this.make(cache, projectId, async (id) => {
        const { version, value } = await this.open(id, mode, 'secret');
        const name = `[Stripe client of project ${id}, ${mode}]`;
        return { version, value: clientOf(value, this.options.stripeApiBase, name) };
      })
    );
  }

  /** The publishable key of a project and mode, for its web pages. Throws as {@link forProject}. */
  publishableKey(projectId: HostId, mode: Mode): Promise<string> {
    const cache = this.publishableKeys.get(mode);
    return (
      found(cache, projectId) ??
      this.make(cache, projectId, async (id) => {
        const { version, value } = await this.open(id, mode, 'publishable');
        return { version, value: value.reveal() };
      })
    );
  }

  /** Concurrent callers share one pending value. */
  private async make<T>(
    cache: ProjectCache<T> | undefined,
    projectId: HostId,
    make: (projectId: string) => Promise<Versioned<T>>,
  ): Promise<T> {
    // From JavaScript anything may come.
    if (cache === undefined) throw new TypeError('the mode must be "test" or "live"');
    const id = this.options.projectIds.read(projectId);
    const known = cache.get(id);
    if (known !== undefined) return known;
    count('stripe_config.clients.lookups', MISS);
    return cache.set(id, make(id));
  }

  private async open(
    projectId: string,
    mode: Mode,
    kind: 'secret' | 'publishable',
  ): Promise<Versioned<Secret>> {
    const field: UsableField = `${mode}_${kind}_key`;
    const [row] = await runStatement(this.database, 'read', FIND_KEY, { project_id: projectId, field });
    if (row?.is_active === false) throw new StripeCredentialsError('deactivated', mode);
    if (row === undefined || row.sealed === null) throw new StripeCredentialsError('not_configured', mode);
    try {
      const value = this.sealer.open(row.sealed, sealContext(row.project_id, field));
      return { version: row.version, value };
    } catch (error) {
      this.logger.write('credential.unreadable', { configId: row.id, projectId, field });
      throw new StripeCredentialsError('unreadable', mode, { cause: error });
    }
  }

  private async compare(): Promise<void> {
    const ids = [...new Set(this.caches.flatMap(({ projectIds }) => projectIds))];
    if (ids.length === 0) return;
    const rows = await runStatement(this.database, 'read', FIND_VERSIONS, { project_ids: ids });
    const versions = new Map(rows.map(({ project_id, version }) => [project_id, version]));
    for (const id of ids) for (const cache of this.caches) cache.deleteUnless(id, versions.get(id));
  }
}

const HIT = { 'stripe_config.cache.result': 'hit' };
const MISS = { 'stripe_config.cache.result': 'miss' };

function found<T>(cache: ProjectCache<T> | undefined, projectId: HostId): Promise<T> | undefined {
  const known = cache?.get(projectId);
  if (known !== undefined) count('stripe_config.clients.lookups', HIT);
  return known;
}

function cacheByMode<T>(): ReadonlyMap<Mode, ProjectCache<T>> {
  return new Map(MODES.map((mode) => [mode, new ProjectCache<T>()]));
}
