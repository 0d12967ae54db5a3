import { HttpStatus, Param, Query, Req } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { PaymentsError } from '../../payments/domain/errors.js';
import { isEnough } from '../../payments/domain/project-access.js';
import { UUID } from '../../payments/domain/uuid.js';
import { insufficientRole } from '../../payments/http/access/project-ownership.guard.js';
import { ValidBody } from '../../payments/http/body/valid-body.js';
import { changeBy, roleOf, type HttpRequest } from '../../payments/http/http-request.js';
import { ApiAccess } from '../../payments/http/openapi/api-documentation.js';
import { INVALID_CURSOR, type PageQuery } from '../../payments/http/parameters/pages.js';
import { DeleteRoute, GetRoute, PostRoute, ProjectRoutes } from '../../payments/http/routes.js';
import { SECURITY_SCHEMES } from '../openapi.js';
import { NO_ROLE } from '../projects/members/member.dto.js';
import {
  CreateServiceTokenRequest,
  endOf,
  NO_DAYS,
  NO_NAME,
  NO_TIME,
  TWO_ENDS,
} from './service-token.dto.js';
import { CreatedServiceTokenResponse, ServiceTokenListResponse } from './service-token.responses.js';
import { ServiceTokenService } from './service-token.service.js';
import { pageOf, TOKEN_PAGES } from './token-pages.js';

/** Documents the token of the path. */
export const TOKEN_ID = ApiParam({
  name: 'token_id',
  schema: { type: 'string', format: 'uuid' },
  description: 'The id of the token, not the token itself',
  examples: { token: { value: '7d4f8c2e-3b1a-4c59-9e2d-6f0a1b2c3d4e' } },
});

const { limit, cursor } = TOKEN_PAGES.parameters();

@ProjectRoutes('service-tokens', 'Projects', 'api/v1/projects')
@ApiAccess(Object.values(SECURITY_SCHEMES))
export class ServiceTokenController {
  constructor(private readonly tokens: ServiceTokenService) {}

  @PostRoute({
    role: 'admin',
    serviceTokens: false,
    operationId: 'createServiceToken',
    summary: 'Create Service Token',
    description:
      'Makes a token for a program, with a role of at most the caller’s own in this project, and shows it once. It never may more than who made it may.',
    body: { type: CreateServiceTokenRequest },
    response: CreatedServiceTokenResponse,
    status: HttpStatus.CREATED,
    errors: ['service_token_limit_reached', NO_NAME, NO_ROLE, NO_DAYS, NO_TIME, TWO_ENDS],
  })
  async create(
    @Req() request: HttpRequest,
    @Param('project_id') projectId: string,
    @ValidBody(CreateServiceTokenRequest) body: CreateServiceTokenRequest,
  ): Promise<CreatedServiceTokenResponse> {
    const { role } = body;
    if (!isEnough(roleOf(request), role)) throw insufficientRole(role);
    const wanted = { name: body.name.trim(), role, expiresAt: endOf(body) };
    const made = await this.tokens.make([projectId], wanted, changeBy(request));
    return { ...made, is_shared: false };
  }

  @GetRoute({
    role: 'admin',
    operationId: 'listServiceTokens',
    summary: 'List Service Tokens',
    description:
      'The service tokens of the project that were not revoked, oldest first, never the tokens themselves. One of several projects is in the list of each, which does not say which the others are.',
    response: ServiceTokenListResponse,
    errors: [TOKEN_PAGES.outOfRange, INVALID_CURSOR],
    decorators: [cursor, limit],
  })
  async list(
    @Param('project_id') projectId: string,
    @Query() query: PageQuery,
  ): Promise<ServiceTokenListResponse> {
    const { limit, after } = TOKEN_PAGES.read(query);
    return pageOf(await this.tokens.list(projectId, after, limit + 1), limit);
  }

  @DeleteRoute({
    path: ':token_id',
    role: 'admin',
    serviceTokens: false,
    operationId: 'deleteServiceToken',
    summary: 'Delete Service Token',
    description:
      'Takes the project from a service token, at once and in every replica. A token of this project alone ends; in its other projects it still works: who made it ends it everywhere with deleteOwnServiceToken.',
    errors: ['service_token_not_found'],
    decorators: [TOKEN_ID],
  })
  async revoke(
    @Req() request: HttpRequest,
    @Param('project_id') projectId: string,
    @Param('token_id') tokenId: string,
  ): Promise<void> {
    if (!UUID.test(tokenId)) {
      throw new PaymentsError('service_token_not_found', 'The project has no such service token.');
    }
    await this.tokens.revoke(projectId, tokenId.toLowerCase(), changeBy(request));
  }
}
