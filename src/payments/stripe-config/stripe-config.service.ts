import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Sealer } from '../crypto/sealer.js';
import type { Secret } from '../crypto/secret.js';
import { runStatement } from '../database.js';
import { PaymentsError, ValidationFailed } from '../payments.errors.js';
import { credentialChanges, sameSecretInBothModes } from './credential-changes.js';
import type { StripeConfigRequest } from './stripe-config.dto.js';
import type { StripeConfigView } from './stripe-config.entity.js';
import { DEACTIVATE, FIND, FIND_MANY, UPSERT } from './stripe-config.statements.js';
import { CREDENTIAL_FIELDS, FOREIGN_MASK, maskOf, modeOf, type CredentialField } from './stripe-keys.js';

/** Keeps the Stripe configurations of projects. Nothing it returns holds a secret, sealed or not. */
@Injectable()
export class StripeConfigService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly sealer: Sealer,
  ) {}

  /** The configuration of a project, or null when it never had one. Opens no sealed value. */
  async find(projectId: string): Promise<StripeConfigView | null> {
    const [row] = await runStatement<StripeConfigView>(this.dataSource, 'read', FIND, [projectId]);
    return row ?? null;
  }

  /** The configurations of several projects, in no order; projects without one are left out. */
  findMany(projectIds: string[]): Promise<StripeConfigView[]> {
    return runStatement<StripeConfigView>(this.dataSource, 'read', FIND_MANY, [projectIds]);
  }

  /**
   * Creates or updates a configuration with the credentials that the request names; every other one stays.
   *
   * @param projectId lower case UUID
   * @param request judged by its class's validators
   * @throws ValidationFailed `masked_value` or `same_secret_in_both_modes`
   */
  async update(projectId: string, request: StripeConfigRequest): Promise<StripeConfigView> {
    const { secrets, masks } = credentialChanges(request);
    if (masks.size > 0) await this.requireStored(projectId, masks);
    const [row] = await runStatement<StripeConfigView>(this.dataSource, 'write', UPSERT, [
      projectId,
      ...CREDENTIAL_FIELDS.flatMap((field) => this.columnsOf(field, secrets.get(field), projectId)),
      this.fingerprintsOf(secrets.get('test_webhook_secret'), projectId),
      this.fingerprintsOf(secrets.get('live_webhook_secret'), projectId),
    ]);
    if (row === undefined) {
      throw sameSecretInBothModes(secrets.has('test_webhook_secret') ? 'test_webhook_secret' : 'live_webhook_secret');
    }
    return row;
  }

  /**
   * Erases the credentials of a project and deactivates its configuration. Again is no error.
   *
   * @throws PaymentsError `config_not_found` when the project never had one
   */
  async deactivate(projectId: string): Promise<void> {
    const [row] = await runStatement<StripeConfigView>(this.dataSource, 'write', DEACTIVATE, [projectId]);
    if (row === undefined) {
      throw new PaymentsError('config_not_found', 'This project has never had a Stripe configuration.');
    }
  }

  /** The values of a field's columns: all null for a field that is to stay as it is. */
  private columnsOf(field: CredentialField, secret: Secret | undefined, projectId: string): (string | null)[] {
    if (secret === undefined) return [null, null, null];
    const context = { purpose: 'credential', projectId, mode: modeOf(field), field } as const;
    return [
      this.sealer.seal(secret, context),
      maskOf(field, secret.reveal()),
      this.sealer.fingerprints(secret, projectId)[0],
    ];
  }

  private fingerprintsOf(secret: Secret | undefined, projectId: string): string[] {
    return secret === undefined ? [] : this.sealer.fingerprints(secret, projectId);
  }

  /** A mask means "unchanged" only where it is the mask stored now. */
  private async requireStored(projectId: string, masks: Map<CredentialField, string>): Promise<void> {
    const stored = await this.find(projectId);
    const foreign = [...masks].filter(([field, mask]) => stored?.[`${field}_masked`] !== mask);
    if (foreign.length === 0) return;
    throw new ValidationFailed(foreign.map(([field]) => ({ loc: ['body', field], ...FOREIGN_MASK })));
  }
}
