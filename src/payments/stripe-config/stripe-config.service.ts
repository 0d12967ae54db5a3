import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Sealer, type Sealed } from '../crypto/sealer.js';
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
    const credentials = new Map(
      [...secrets].map(([field, secret]) => [field, this.protect(field, secret, projectId)]),
    );
    const [row] = await runStatement<StripeConfigView>(this.dataSource, 'write', UPSERT, [
      projectId,
      ...CREDENTIAL_FIELDS.flatMap((field) => columnsOf(credentials.get(field))),
      credentials.get('test_webhook_secret')?.fingerprints ?? [],
      credentials.get('live_webhook_secret')?.fingerprints ?? [],
    ]);
    if (row === undefined) {
      throw sameSecretInBothModes(
        secrets.has('test_webhook_secret') ? 'test_webhook_secret' : 'live_webhook_secret',
      );
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

  private protect(field: CredentialField, secret: Secret, projectId: string): ProtectedCredential {
    return {
      sealed: this.sealer.seal(secret, { purpose: 'credential', projectId, mode: modeOf(field), field }),
      masked: maskOf(field, secret.reveal()),
      fingerprints: this.sealer.fingerprints(secret, projectId),
    };
  }

  /** A mask means "unchanged" only where it is the mask stored now. */
  private async requireStored(projectId: string, masks: Map<CredentialField, string>): Promise<void> {
    const stored = await this.find(projectId);
    const foreign = [...masks].filter(([field, mask]) => stored?.[`${field}_masked`] !== mask);
    if (foreign.length === 0) return;
    throw new ValidationFailed(foreign.map(([field]) => ({ loc: ['body', field], ...FOREIGN_MASK })));
  }
}

/** A credential in the form in which it may be stored. */
interface ProtectedCredential {
  sealed: Sealed;
  masked: string;
  /** See {@link Sealer.fingerprints}; the first is stored. */
  fingerprints: [string, ...string[]];
}

/** The values of a credential's columns, in the statement's order; all null for one that is to stay as it is. */
function columnsOf(credential: ProtectedCredential | undefined): (string | null)[] {
  return credential === undefined
    ? [null, null, null]
    : [credential.sealed, credential.masked, credential.fingerprints[0]];
}
