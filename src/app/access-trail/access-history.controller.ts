import { Param, Query } from '@nestjs/common';
import { ApiAccess } from '../../payments/http/openapi/api-documentation.js';
import type { PageQuery } from '../../payments/http/parameters/pages.js';
import { NEWEST_VERSION, VERSION_PAGES } from '../../payments/http/parameters/version-pages.js';
import { GetRoute, ProjectRoutes } from '../../payments/http/routes.js';
import { SECURITY_SCHEMES } from '../openapi.js';
import { AccessHistoryResponse } from './access-history.dto.js';
import { AccessTrail } from './access-trail.service.js';

const { limit, cursor } = VERSION_PAGES.parameters();

@ProjectRoutes('access-history', 'Projects', 'api/v1/projects')
@ApiAccess(Object.values(SECURITY_SCHEMES))
export class AccessHistoryController {
  constructor(private readonly trail: AccessTrail) {}

  @GetRoute({
    role: 'admin',
    operationId: 'getAccessHistory',
    summary: 'Get Access History',
    description:
      'Who gave whom which role in the project, and made or revoked which service token, newest first.',
    response: AccessHistoryResponse,
    errors: [VERSION_PAGES.outOfRange],
    decorators: [cursor, limit],
  })
  async list(
    @Param('project_id') projectId: string,
    @Query() query: PageQuery,
  ): Promise<AccessHistoryResponse> {
    const { limit, after = NEWEST_VERSION } = VERSION_PAGES.read(query);
    const rows = await this.trail.history(projectId, after, limit + 1);
    const { page, nextCursor } = VERSION_PAGES.cut(rows, limit, ({ version }) => version);
    return { changes: page, next_cursor: nextCursor ?? null };
  }
}
