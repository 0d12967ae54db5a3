import { randomUUID } from 'node:crypto';
import type { Secret } from '../payments/crypto/secret.js';
import { validChange, type Change } from '../payments/domain/change.js';
import { FOREIGN_MASK, maskOf } from '../payments/domain/credential-rules.js';
import {
  FIELDS_OF_ONE_MODE,
  PREVIOUS_FIELDS,
  modeOf,
  type CredentialField,
  type Mode,
} from '../payments/domain/credentials.js';
import { PaymentsError, ValidationFailed } from '../payments/domain/errors.js';
import type { HostId } from '../payments/domain/host-id.js';
import {
  UNCONDITIONAL,
  holds,
  versionConflict,
  type Preconditions,
} from '../payments/domain/preconditions.js';
import { ProjectIds, type ProjectIdForm, type ProjectIdFormName } from '../payments/domain/project-ids.js';
import { CredentialChanges, sameSecretInBothModes } from '../payments/stripe-config/credential-changes.js';
import type { HostEvents, StripeConfigEventName } from '../payments/stripe-config/host-events.js';
import type { StripeConfigRequest } from '../payments/stripe-config/stripe-config.dto.js';
import { configNotFound, type StripeConfigService } from '../payments/stripe-config/stripe-config.service.js';
import {
  toView,
  type ConfigRow,
  type StripeConfigView,
} from '../payments/stripe-config/stripe-config.view.js';
import type { PublicOf } from './public-of.js';

interface StoredConfig extends ConfigRow {
  secrets: Map<CredentialField, Secret>;
  /** The modes whose replaced webhook secret would still be accepted. */
  previous: Set<Mode>;
}

/** Stands in for `StripeConfigService`: the same rules, values in memory, and no audit trail. */
export class InMemoryStripeConfigs implements PublicOf<StripeConfigService> {
  private readonly configs = new Map<string, StoredConfig>();
  private readonly removed = new Set<string>();
  private events: PublicOf<HostEvents, 'onModuleInit'> | undefined;
  private readonly ids: ProjectIds;

  /** @param projectIds what the ids of projects look like; default: `uuid` */
  constructor(projectIds?: ProjectIdFormName | ProjectIdForm) {
    this.ids = ProjectIds.of(projectIds);
  }

  /** The id of a project as the module reads it. */
  readId(projectId: HostId): string {
    return this.ids.read(projectId);
  }

  /** Emits changes through these from now on. */
  emitThrough(events: PublicOf<HostEvents, 'onModuleInit'>): this {
    this.events = events;
    return this;
  }

  /** From now on nothing can be stored for the project. */
  noteRemoved(projectId: HostId): void {
    this.removed.add(this.readId(projectId));
  }

  find(projectId: HostId): Promise<StripeConfigView | null> {
    return soon(() => this.viewOf(this.readId(projectId)));
  }

  findMany(projectIds: readonly HostId[]): Promise<StripeConfigView[]> {
    return soon(() => projectIds.flatMap((projectId) => this.viewOf(this.readId(projectId)) ?? []));
  }

  update(
    projectId: HostId,
    request: StripeConfigRequest | CredentialChanges,
    change: Change,
    conditions: Preconditions = UNCONDITIONAL,
  ): Promise<StripeConfigView> {
    return soon(() => {
      const by = validChange(change);
      const id = this.readId(projectId);
      const { secrets, masks } =
        request instanceof CredentialChanges ? request : CredentialChanges.validate(request);
      const view = this.viewOf(id);
      requireStored(view, masks);
      if (this.removed.has(id)) throw new PaymentsError('project_not_found', 'This project was removed.');
      if (!holds(conditions, view)) throw versionConflict();
      const config = this.configs.get(id) ?? newConfig(id);
      requireDifferent(config, secrets);
      const changed = [...secrets].filter(
        ([field, secret]) => config.secrets.get(field)?.reveal() !== secret.reveal(),
      );
      if (config.version > 0 && config.is_active && changed.length === 0) return toView(config);
      for (const [field, secret] of changed) store(config, field, secret);
      config.is_active = true;
      return this.written('stripe-config.updated', config, by);
    });
  }

  deactivate(projectId: HostId, change: Change, conditions: Preconditions = UNCONDITIONAL): Promise<void> {
    return soon(() => {
      const by = validChange(change);
      const config = this.configs.get(this.readId(projectId));
      if (config === undefined) throw configNotFound();
      if (!holds(conditions, config)) throw versionConflict();
      if (!config.is_active) return;
      Object.assign(config, { is_active: false, shown: {}, configured_at: {} });
      config.secrets.clear();
      config.previous.clear();
      this.written('stripe-config.deactivated', config, by);
    });
  }

  erasePreviousWebhookSecret(projectId: HostId, mode: Mode, change: Change): Promise<void> {
    return soon(() => {
      const by = validChange(change);
      const config = this.configs.get(this.readId(projectId));
      if (config === undefined) throw configNotFound();
      if (config.previous.delete(mode)) {
        this.written('stripe-config.previous-webhook-secret-erased', config, by);
      }
    });
  }

  open(projectId: HostId, field: CredentialField): Promise<Secret | null> {
    return soon(() => this.configs.get(this.readId(projectId))?.secrets.get(field) ?? null);
  }

  tryToOpen(projectId: HostId, field: CredentialField): Promise<Secret | null> {
    return this.open(projectId, field);
  }

  private viewOf(id: string): StripeConfigView | null {
    const config = this.configs.get(id);
    return config === undefined ? null : toView(config);
  }

  private written(
    name: StripeConfigEventName,
    config: StoredConfig,
    by: ReturnType<typeof validChange>,
  ): StripeConfigView {
    config.version += 1;
    config.updated_at = config.version === 1 ? config.created_at : new Date();
    this.configs.set(config.project_id, config);
    this.events?.emit(name, { projectId: config.project_id, version: config.version, ...by });
    return toView(config);
  }
}

/** What a method gives or throws comes by a promise, as from a database. */
export function soon<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work);
}

function newConfig(projectId: string): StoredConfig {
  const now = new Date();
  return {
    id: randomUUID(),
    project_id: projectId,
    is_active: true,
    created_at: now,
    updated_at: now,
    version: 0,
    shown: {},
    configured_at: {},
    secrets: new Map(),
    previous: new Set(),
  };
}

function store(config: StoredConfig, field: CredentialField, secret: Secret): void {
  const mode = modeOf(field);
  if (config.secrets.has(field) && PREVIOUS_FIELDS[field] !== undefined) config.previous.add(mode);
  config.secrets.set(field, secret);
  config.shown[field] = maskOf(field, secret.reveal());
  config.configured_at[mode] = Date.now();
}

/** A mask means "unchanged" only where it is the mask stored now. */
function requireStored(view: StripeConfigView | null, masks: ReadonlyMap<CredentialField, string>): void {
  const foreign = [...masks].filter(([field, mask]) => view?.[`${field}_masked`] !== mask);
  if (foreign.length === 0) return;
  throw new ValidationFailed(foreign.map(([field]) => ({ loc: ['body', field], ...FOREIGN_MASK })));
}

function requireDifferent(
  { secrets: stored }: StoredConfig,
  secrets: ReadonlyMap<CredentialField, Secret>,
): void {
  const values = new Set<string>();
  for (const field of FIELDS_OF_ONE_MODE) {
    const value = (secrets.get(field) ?? stored.get(field))?.reveal();
    if (value !== undefined && values.has(value)) throw sameSecretInBothModes(field);
    if (value !== undefined) values.add(value);
  }
}
