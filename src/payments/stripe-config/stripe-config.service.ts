import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { Sealer, sealContext } from '../crypto/sealer.js';
import type { Secret } from '../crypto/secret.js';
import { Lookup } from '../database/lookup.js';
import { runIn, runStatement, type Run } from '../database/run-statement.js';
import type { ParametersOf, RowOf } from '../database/statement.js';
import { UNCONDITIONAL, holds, versionConflict, type Preconditions } from '../domain/preconditions.js';
import { KeyRingCheck } from '../key-ring/key-ring-check.js';
import { PaymentsError } from '../domain/errors.js';
import type { HostId } from '../domain/host-id.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { ChangeAnnouncements } from './change-announcements.js';
import { countChange } from './change-counter.js';
import { HostEvents, type StripeConfigEventName } from './host-events.js';
import { CredentialChanges, sameSecretInBothModes } from './credential-changes.js';
import { validChange, type HostChange, type WrittenChange } from '../domain/change.js';
import type { StripeConfigRequest } from './stripe-config.dto.js';
import { findIn, requireNotRemoved, requireStored } from './config-reads.js';
import { toView, type StripeConfigView } from './stripe-config.view.js';
import {
  DEACTIVATE,
  ERASE_PREVIOUS,
  FIND,
  FIND_SEALED,
  NOTIFY_ON_COMMIT,
} from './stripe-config.statements.js';
import { UPSERT, credentialParameters, type ProtectedCredential } from './upsert.statements.js';
import { maskOf } from '../domain/credential-rules.js';
import {
  FIELDS_OF_ONE_MODE,
  PREVIOUS_FIELDS,
  type CredentialField,
  type Mode,
} from '../domain/credentials.js';

/** Keeps the Stripe configurations of projects. Nothing it returns holds a secret, sealed or not. */
@Injectable()
export class StripeConfigService {
  private readonly logger = new PaymentsLogger(StripeConfigService.name);

  private readonly rows: Lookup<RowOf<typeof FIND>>;

  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly sealer: Sealer,
    private readonly keyRing: KeyRingCheck,
    private readonly changes: ChangeAnnouncements,
    private readonly events: HostEvents,
    @Inject(RESOLVED_OPTIONS) private readonly options: ResolvedOptions,
  ) {
    this.rows = new Lookup(
      (ids) => runStatement(database, 'read', FIND, { project_ids: ids }),
      ({ project_id }) => project_id,
    );
  }

  /**
   * The configuration of a project, or null when it never had one. Opens no sealed value.
   *
   * @throws ValidationFailed when the id is of another form
   */
  async find(projectId: HostId): Promise<StripeConfigView | null> {
    const row = await this.rows.find(this.options.projectIds.read(projectId));
    return row === undefined ? null : toView(row);
  }

  /** The configurations of several projects, in no order; projects without one are left out. */
  async findMany(projectIds: readonly HostId[]): Promise<StripeConfigView[]> {
    const ids = projectIds.map((id) => this.options.projectIds.read(id));
    return (await runStatement(this.database, 'read', FIND, { project_ids: ids })).map(toView);
  }

  /**
   * Creates or updates a configuration with the credentials that the request names; every other one stays. Whether its
   * actor may do this, the caller must know.
   *
   * @throws ValidationFailed naming every value that may not be stored, as a PUT does, or when the id is of another form
   * @throws PaymentsError `version_conflict` when the preconditions do not hold, `project_not_found` when the project was
   *   removed
   * @throws DependencyUnavailable when the key ring does not fit the database
   */
  async update(
    projectId: HostId,
    request: StripeConfigRequest | CredentialChanges,
    change: HostChange,
    conditions: Preconditions = UNCONDITIONAL,
  ): Promise<StripeConfigView> {
    const by = validChange(change);
    // What is sealed for another spelling of the id would never open.
    const id = this.options.projectIds.read(projectId);
    const { secrets, masks } =
      request instanceof CredentialChanges ? request : CredentialChanges.validate(request);
    if (secrets.size > 0) this.keyRing.requireFit();
    const run = await runIn(this.database, change.transaction);
    if (masks.size > 0) requireStored(await findIn(run, id), masks);
    const values = {
      project_id: id,
      ...credentialParameters(
        new Map([...secrets].map(([field, secret]) => [field, this.protect(field, secret, id)])),
      ),
      changed_by: by.actor,
      change_request_id: by.requestId,
      previous_names: PREVIOUS_FIELDS,
      of_one_mode: FIELDS_OF_ONE_MODE,
      overlap_seconds: this.options.webhookSecretOverlapHours * 3600,
      ...expectationsOf(conditions),
    };
    let [row] = await run('write', UPSERT, values);
    // A first configuration that another request has stored meanwhile is seen by the next statement. With a precondition, none helps.
    if (row === undefined && values.expected_versions === null && !values.create_only && !values.must_exist)
      [row] = await run('write', UPSERT, values);
    if (row !== undefined) return this.announce(run, 'stripe-config.updated', row, { ...change, ...by });
    await requireNotRemoved(run, id);
    const field = FIELDS_OF_ONE_MODE.find((each) => secrets.has(each));
    // What holds by now may not have held when it was refused, and without such a secret nothing else refuses.
    if (field === undefined || !holds(conditions, await findIn(run, id))) throw versionConflict();
    throw sameSecretInBothModes(field);
  }

  /**
   * Erases the credentials of a project and deactivates its configuration. Again is no error.
   *
   * @throws ValidationFailed when the id is of another form
   * @throws PaymentsError `config_not_found` when the project never had one, `version_conflict` when the
   *   preconditions do not hold
   */
  async deactivate(
    projectId: HostId,
    change: HostChange,
    conditions: Preconditions = UNCONDITIONAL,
  ): Promise<void> {
    const by = validChange(change);
    const id = this.options.projectIds.read(projectId);
    const { expected_versions } = expectationsOf(conditions);
    const run = await runIn(this.database, change.transaction);
    const [row] = await run('write', DEACTIVATE, {
      project_id: id,
      changed_by: by.actor,
      change_request_id: by.requestId,
      expected_versions,
    });
    if (row !== undefined) {
      await this.announce(run, 'stripe-config.deactivated', row, { ...change, ...by });
      return;
    }
    // Without an expected version only a missing row explains it, also when one was stored meanwhile.
    if (expected_versions !== null && (await findIn(run, id)) !== null) throw versionConflict();
    throw configNotFound();
  }

  /**
   * Ends the overlap in which a replaced webhook secret is still accepted. Again is no error.
   *
   * @throws PaymentsError `config_not_found` when the project never had a configuration
   * @throws ValidationFailed when the id is of another form
   */
  async erasePreviousWebhookSecret(projectId: HostId, mode: Mode, change: HostChange): Promise<void> {
    const by = validChange(change);
    const run = await runIn(this.database, change.transaction);
    const [row] = await run('write', ERASE_PREVIOUS, {
      project_id: this.options.projectIds.read(projectId),
      mode,
      changed_by: by.actor,
      change_request_id: by.requestId,
    });
    if (row === undefined) throw configNotFound();
    await this.announce(run, 'stripe-config.previous-webhook-secret-erased', row, { ...change, ...by });
  }

  /**
   * Opens a stored credential, for code that needs its value. Never for a response.
   *
   * @returns null when it is not stored
   * @throws PaymentsError `secret_unreadable` when it is stored but no key of the ring opens it
   */
  async open(projectId: HostId, field: CredentialField): Promise<Secret | null> {
    const id = this.options.projectIds.read(projectId);
    const [row] = await runStatement(this.database, 'read', FIND_SEALED, { project_id: id });
    const sealed = row?.sealed[field];
    if (row === undefined || sealed === undefined) return null;
    try {
      return this.sealer.open(sealed, sealContext(row.project_id, field));
    } catch (error) {
      this.logger.write('credential.unreadable', { configId: row.id, projectId: id, field });
      throw new PaymentsError(
        'secret_unreadable',
        'The stored credential cannot be opened; store it again with a PUT.',
        { cause: error },
      );
    }
  }

  /** As {@link open}, and null as well when it cannot be opened. */
  tryToOpen(projectId: HostId, field: CredentialField): Promise<Secret | null> {
    return this.open(projectId, field).catch((error: unknown) => {
      if (error instanceof PaymentsError && error.code === 'secret_unreadable') return null;
      throw error;
    });
  }

  /** Says what was changed, if anything was. In a transaction of the host only its commit says that it is so. */
  private async announce(
    run: Run,
    name: StripeConfigEventName,
    { change_request_id, ...row }: RowOf<typeof UPSERT>,
    { transaction, actor, requestId }: HostChange & WrittenChange,
  ): Promise<StripeConfigView> {
    if (change_request_id === requestId.toLowerCase()) {
      if (transaction === undefined) {
        this.changes.announce(row.project_id);
        countChange(name, row.version);
        this.events.emit(name, { projectId: row.project_id, version: row.version, actor, requestId });
      } else {
        await run('read', NOTIFY_ON_COMMIT, { project_id: row.project_id });
      }
    }
    return toView(row);
  }

  private protect(field: CredentialField, secret: Secret, projectId: string): ProtectedCredential {
    return {
      sealed: this.sealer.seal(secret, sealContext(projectId, field)),
      masked: maskOf(field, secret.reveal()),
      fingerprints: this.sealer.fingerprints(secret, projectId),
    };
  }
}

/** Where a configuration is needed and there is none. */
export function configNotFound(): PaymentsError {
  return new PaymentsError('config_not_found', 'This project has never had a Stripe configuration.');
}

/** What the statements compare under the row's lock. A list in `If-None-Match` is for reading only. */
function expectationsOf({
  ifMatch,
  ifNoneMatch,
}: Preconditions): Pick<ParametersOf<typeof UPSERT>, 'expected_versions' | 'must_exist' | 'create_only'> {
  return {
    expected_versions: ifMatch === 'any' ? null : ifMatch,
    must_exist: ifMatch !== null,
    create_only: ifNoneMatch === 'any',
  };
}
