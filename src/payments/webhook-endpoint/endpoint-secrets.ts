import { Inject, Injectable } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import type { Secret } from '../crypto/secret.js';
import { runStatement } from '../database/run-statement.js';
import { PaymentsError } from '../domain/errors.js';
import type { Change } from '../domain/change.js';
import { StripeConfigService } from '../stripe-config/stripe-config.service.js';
import type { StripeConfigView } from '../stripe-config/stripe-config.view.js';
import type { Mode } from '../domain/credentials.js';
import type { EndpointState } from './endpoint-plan.js';
import type { EndpointTarget } from './endpoint-target.js';
import { LAST_VERIFIED, LAST_WRITTEN } from './webhook-endpoint.statements.js';

/** Reads and stores the credentials that a webhook endpoint needs. */
@Injectable()
export class EndpointSecrets {
  constructor(
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    private readonly configs: StripeConfigService,
  ) {}

  /** Which endpoint's secret is stored, as far as the versions show. */
  async find({
    projectId,
    mode,
  }: EndpointTarget): Promise<Pick<EndpointState, 'secretVersion' | 'verifiedVersion' | 'hasKey'>> {
    const place = { project_id: projectId, mode };
    const [written] = await runStatement(this.database, 'read', LAST_WRITTEN, place);
    const config = await this.configs.find(projectId);
    const isStored = config !== null && config[`${mode}_webhook_secret_masked`] !== null;
    const [verified] = await runStatement(this.database, 'read', LAST_VERIFIED, place);
    return {
      secretVersion: isStored ? (written?.version ?? null) : null,
      verifiedVersion: verified?.version ?? null,
      hasKey: hasKey(config, mode),
    };
  }

  /** Whether a secret key is stored. */
  async hasKey({ projectId, mode }: EndpointTarget): Promise<boolean> {
    return hasKey(await this.configs.find(projectId), mode);
  }

  /**
   * Stores an endpoint's secret, whatever else of the configuration changes at the same time.
   *
   * @returns the version in which it is stored; null when the configuration was deleted meanwhile
   */
  async store({ projectId, mode }: EndpointTarget, secret: Secret, change: Change): Promise<number | null> {
    for (;;) {
      const config = await this.configs.find(projectId);
      if (config === null || !hasKey(config, mode)) return null;
      const request = { [`${mode}_webhook_secret`]: secret.reveal() };
      const conditions = { ifMatch: [config.version], ifNoneMatch: null };
      try {
        return (await this.configs.update(projectId, request, change, conditions)).version;
      } catch (error) {
        if (!(error instanceof PaymentsError) || error.code !== 'version_conflict') throw error;
      }
    }
  }
}

function hasKey(config: StripeConfigView | null, mode: Mode): boolean {
  return config?.is_active === true && config[`${mode}_secret_key_masked`] !== null;
}
