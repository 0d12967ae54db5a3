import { ApiProperty } from '@nestjs/swagger';
import { GetRoute, PublicRoutes } from '../../payments/http/routes.js';
import { KeyRingCheck } from '../../payments/key-ring/key-ring-check.js';
import { DependencyUnavailable } from '../../payments/domain/errors.js';
import { DatabaseConnection } from '../database-connection.js';
import { Draining } from '../draining.js';
import { ExplainedError } from '../../payments/domain/explained-error.js';

class HealthResponse {
  @ApiProperty({ enum: ['ok'], description: 'All is well', example: 'ok' })
  status!: 'ok';
}

/** For load balancers and supervisors. It shows no versions, no key ids and no addresses. */
@PublicRoutes('health', 'Health')
export class HealthController {
  constructor(
    private readonly database: DatabaseConnection,
    private readonly keyRing: KeyRingCheck,
    private readonly draining: Draining,
  ) {}

  @GetRoute({
    path: 'live',
    operationId: 'getLiveness',
    summary: 'Live',
    description: 'The process answers; restart it when this fails.',
    response: HealthResponse,
    errors: ['malformed_request'],
  })
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @GetRoute({
    path: 'ready',
    operationId: 'getReadiness',
    summary: 'Ready',
    description:
      'The database is reachable and migrated, the key ring opens what is stored, and no shutdown has begun.',
    response: HealthResponse,
    errors: ['malformed_request', 'dependency_unavailable'],
  })
  async ready(): Promise<HealthResponse> {
    if (this.draining.begun) throw new DependencyUnavailable('this service');
    await this.database.check();
    const { fault } = this.keyRing;
    if (fault !== undefined)
      throw new DependencyUnavailable('key ring', { cause: new ExplainedError(fault) });
    return { status: 'ok' };
  }
}
