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
import {
  UNCONDITIONAL,
  holds,
  versionConflict,
  type Preconditions,
} from '../payments/domain/preconditions.js';
import { canonicalUuid } from '../payments/domain/uuid.js';
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

  /** Emits changes through these from now on. */
  emitThrough(events: PublicOf<HostEvents, 'onModuleInit'>): this {
    this.events = events;
    return this;
  }

  /** From now on nothing can be stored for the project. */
  noteRemoved(projectId: string): void {
    this.removed.add(readId(projectId));
  }

  find(projectId: string): Promise<StripeConfigView | null> {
    return soon(() => this.viewOf(readId(projectId)));
  }

  findMany(projectIds: string[]): Promise<StripeConfigView[]> {
    return soon(() => projectIds.flatMap((projectId) => this.viewOf(readId(projectId)) ?? []));
  }

  update(
    projectId: string,
    request: StripeConfigRequest | CredentialChanges,
    change: Change,
    conditions: Preconditions = UNCONDITIONAL,
  ): Promise<StripeConfigView> {
    return soon(() => {
      const by = validChange(change);
      const id = readId(projectId);
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

  deactivate(projectId: string, change: Change, conditions: Preconditions = UNCONDITIONAL): Promise<void> {
    return soon(() => {
      const by = validChange(change);
      const config = this.configs.get(readId(projectId));
      if (config === undefined) throw configNotFound();
      if (!holds(conditions, config)) throw versionConflict();
      if (!config.is_active) return;
      Object.assign(config, { is_active: false, shown: {}, configured_at: {} });
      config.secrets.clear();
      config.previous.clear();
      this.written('stripe-config.deactivated', config, by);
    });
  }

  erasePreviousWebhookSecret(projectId: string, mode: Mode, change: Change): Promise<void> {
    return soon(() => {
      const by = validChange(change);
      const config = this.configs.get(readId(projectId));
      if (config === undefined) throw configNotFound();
      if (config.previous.delete(mode)) {
        this.written('stripe-config.previous-webhook-secret-erased', config, by);
      }
    });
  }

  open(projectId: string, field: CredentialField): Promise<Secret | null> {
    return soon(() => this.configs.get(readId(projectId))?.secrets.get(field) ?? null);
  }

  tryToOpen(projectId: string, field: CredentialField): Promise<Secret | null> {
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

/** The id of a project as the module reads it. */
export function readId(projectId: string): string {
  return canonicalUuid(projectId, 'project_id');
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
