import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type Stripe from 'stripe';
import type { DataSource } from 'typeorm';
import { PAYMENTS_DATA_SOURCE, runStatement } from '../database.js';
import { PaymentsError, StripeCredentialsError } from '../payments.errors.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../payments.options.js';
import { Periodic } from '../periodic.js';
import { clientOf } from '../stripe/client-of.js';
import { StripeConfigService } from '../stripe-config/stripe-config.service.js';
import { FIND_VERSIONS } from '../stripe-config/stripe-config.statements.js';
import type { Mode } from '../stripe-config/stripe-keys.js';
import { ConfigChanges } from './config-changes.js';

/** How often what is kept is compared with the database, in milliseconds, should its announcements not arrive. */
const COMPARE_MS = 5_000;
/** Of how many projects clients are kept. */
const MAX_PROJECTS = 10_000;

/** What is kept of a project. */
interface Kept {
  /** Of its configuration, once it is known. */
  version: number | undefined;
  readonly clients: Map<Mode, Promise<Stripe>>;
  readonly publishableKeys: Map<Mode, Promise<string>>;
}

/**
 * Stripe clients for the code that charges cards. A client is kept until its project's configuration changes, on whichever
 * replica: the database announces changes, and every few seconds the versions are compared as well.
 */
@Injectable()
export class StripeClients implements OnModuleInit, BeforeApplicationShutdown {
  private readonly kept = new Map<string, Kept>();
  private readonly periodic = new Periodic('Stripe clients', async () => {
    await this.compare();
    return COMPARE_MS;
  });

  constructor(
    private readonly configs: StripeConfigService,
    private readonly changes: ConfigChanges,
    @Inject(PAYMENTS_DATA_SOURCE) private readonly dataSource: DataSource,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'stripeApiBase'>,
  ) {}

  onModuleInit(): void {
    this.changes.subscribe((projectId) => {
      if (projectId === undefined) this.kept.clear();
      else this.kept.delete(projectId);
    });
    this.periodic.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.periodic.stop();
  }

  /**
   * A client of Stripe's official SDK that uses the secret key of a project and mode. Ask for it each time: it costs nothing
   * while the configuration stays the same. Neither `util.inspect` nor JSON shows the key.
   *
   * @param projectId lower case UUID
   * @throws StripeCredentialsError when there is no key to use, telling why
   * @throws DependencyUnavailable when it is not kept and the database does not answer
   */
  forProject(projectId: string, mode: Mode): Promise<Stripe> {
    const { clients } = this.keptOf(projectId);
    return clients.get(mode) ?? this.keep(clients, mode, this.makeClient(projectId, mode));
  }

  /** The publishable key of a project and mode, for its web pages. Throws as {@link forProject}. */
  publishableKey(projectId: string, mode: Mode): Promise<string> {
    const { publishableKeys } = this.keptOf(projectId);
    return (
      publishableKeys.get(mode) ?? this.keep(publishableKeys, mode, this.findPublishableKey(projectId, mode))
    );
  }

  private async makeClient(projectId: string, mode: Mode): Promise<Stripe> {
    const key = await this.open(projectId, mode, 'secret_key');
    return clientOf(key, this.options.stripeApiBase, `[Stripe client of project ${projectId}, ${mode}]`);
  }

  private async findPublishableKey(projectId: string, mode: Mode): Promise<string> {
    return (await this.open(projectId, mode, 'publishable_key')).reveal();
  }

  private async open(projectId: string, mode: Mode, kind: 'secret_key' | 'publishable_key') {
    const config = await this.configs.find(projectId);
    if (config?.is_active === false) throw new StripeCredentialsError('deactivated', mode);
    const key = await this.configs.open(projectId, `${mode}_${kind}`).catch((error: unknown) => {
      if (!(error instanceof PaymentsError) || error.code !== 'secret_unreadable') throw error;
      throw new StripeCredentialsError('unreadable', mode, { cause: error });
    });
    if (config === null || key === null) throw new StripeCredentialsError('not_configured', mode);
    const kept = this.kept.get(projectId);
    if (kept !== undefined) kept.version = config.version;
    return key;
  }

  private keptOf(projectId: string): Kept {
    const kept = this.kept.get(projectId);
    if (kept !== undefined) return kept;
    const made: Kept = { version: undefined, clients: new Map(), publishableKeys: new Map() };
    this.kept.set(projectId, made);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= MAX_PROJECTS) break;
      this.kept.delete(oldest);
    }
    return made;
  }

  /** What could not be made is not kept. */
  private keep<T>(entries: Map<Mode, Promise<T>>, mode: Mode, made: Promise<T>): Promise<T> {
    entries.set(mode, made);
    made.catch(() => {
      if (entries.get(mode) === made) entries.delete(mode);
    });
    return made;
  }

  private async compare(): Promise<void> {
    if (this.kept.size === 0) return;
    const ids = [...this.kept.keys()];
    const rows = await runStatement<{ project_id: string; version: number }>(
      this.dataSource,
      'read',
      FIND_VERSIONS,
      [ids],
    );
    const versions = new Map(rows.map(({ project_id, version }) => [project_id, version]));
    for (const id of ids) {
      if (this.kept.get(id)?.version !== versions.get(id)) this.kept.delete(id);
    }
  }
}
