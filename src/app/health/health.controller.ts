import { Controller, Get, Header, UseFilters } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ApiErrors, PUBLIC } from '../../payments/http/openapi/api-documentation.js';
import { ErrorFilter } from '../../payments/http/errors/error.filter.js';
import { KeyRingMonitor } from '../../payments/key-ring/key-ring-monitor.js';
import { DependencyUnavailable } from '../../payments/domain/errors.js';
import { DatabaseConnection } from '../database-connection.js';
import { Draining } from '../draining.js';
import { ExplainedError } from '../../payments/domain/explained-error.js';

class HealthResponse {
  @ApiProperty({ enum: ['ok'], description: 'All is well', example: 'ok' })
  status!: 'ok';
}

/** For load balancers and supervisors. It tells no versions, no key ids and no addresses. */
@Controller('health')
@UseFilters(ErrorFilter)
@ApiTags('Health')
export class HealthController {
  constructor(
    private readonly database: DatabaseConnection,
    private readonly keyRing: KeyRingMonitor,
    private readonly draining: Draining,
  ) {}

  @Get('live')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getLiveness',
    ...PUBLIC,
    summary: 'Live',
    description: 'The process answers; restart it when this fails.',
  })
  @ApiOkResponse({ description: 'Successful Response', type: HealthResponse })
  @ApiErrors('malformed_request')
  live(): HealthResponse {
    return { status: 'ok' };
  }

  @Get('ready')
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'getReadiness',
    ...PUBLIC,
    summary: 'Ready',
    description:
      'The database is reachable and migrated, the key ring opens what is stored, and no shutdown has begun.',
  })
  @ApiOkResponse({ description: 'Successful Response', type: HealthResponse })
  @ApiErrors('malformed_request', 'dependency_unavailable')
  async ready(): Promise<HealthResponse> {
    if (this.draining.begun) throw new DependencyUnavailable('this service');
    await this.database.check();
    const { fault } = this.keyRing;
    if (fault !== undefined)
      throw new DependencyUnavailable('key ring', { cause: new ExplainedError(fault) });
    return { status: 'ok' };
  }
}
