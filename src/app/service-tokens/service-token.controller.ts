import { HttpStatus, Param, Query, Req } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { PaymentsError } from '../../payments/domain/errors.js';
import { isEnough } from '../../payments/domain/project-access.js';
import { UUID } from '../../payments/domain/uuid.js';
import { insufficientRole } from '../../payments/http/access/project-ownership.guard.js';
import { ValidBody } from '../../payments/http/body/valid-body.js';
import { changeBy, roleOf, type HttpRequest } from '../../payments/http/http-request.js';
import { ApiAccess } from '../../payments/http/openapi/api-documentation.js';
import { INVALID_CURSOR, Pages, type PageQuery } from '../../payments/http/parameters/pages.js';
import { DeleteRoute, GetRoute, PostRoute, ProjectRoutes } from '../../payments/http/routes.js';
import { SECURITY_SCHEMES } from '../openapi.js';
import { NO_ROLE } from '../projects/members/member.dto.js';
import {
  CreatedServiceTokenResponse,
  CreateServiceTokenRequest,
  NO_DAYS,
  NO_NAME,
  ServiceTokenListResponse,
  USUAL_DAYS,
} from './service-token.dto.js';
import { ServiceTokenService, type TokenView } from './service-token.service.js';

/** Each page begins behind the time and id of a token. */
const PAGES = new Pages<Pick<TokenView, 'made_at' | 'id'>>({
  usual: 50,
  max: 100,
  cursor: 'next_cursor of the page before',
  form: /^(\d{1,14}) ([0-9a-f-]{36})$/,
  write: ({ made_at, id }) => `${made_at.getTime()} ${id}`,
  read: (time, id) => (UUID.test(id) ? { made_at: new Date(Number(time)), id } : undefined),
});
const { limit, cursor } = PAGES.parameters();

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
      'Makes a token for a program, with a role of at most the caller’s own, and shows it once. It never may more than who made it may.',
    body: { type: CreateServiceTokenRequest },
    response: CreatedServiceTokenResponse,
    status: HttpStatus.CREATED,
    errors: ['service_token_limit_reached', NO_NAME, NO_ROLE, NO_DAYS],
  })
  async create(
    @Req() request: HttpRequest,
    @Param('project_id') projectId: string,
    @ValidBody(CreateServiceTokenRequest) { name, role, expires_in_days }: CreateServiceTokenRequest,
  ): Promise<CreatedServiceTokenResponse> {
    if (!isEnough(roleOf(request), role)) throw insufficientRole(role);
    const days = expires_in_days ?? USUAL_DAYS;
    return this.tokens.make(projectId, { name: name.trim(), role, days }, changeBy(request));
  }

  @GetRoute({
    role: 'admin',
    operationId: 'listServiceTokens',
    summary: 'List Service Tokens',
    description:
      'The service tokens of the project that were not revoked, oldest first, never the tokens themselves.',
    response: ServiceTokenListResponse,
    errors: [PAGES.outOfRange, INVALID_CURSOR],
    decorators: [cursor, limit],
  })
  async list(
    @Param('project_id') projectId: string,
    @Query() query: PageQuery,
  ): Promise<ServiceTokenListResponse> {
    const { limit, after } = PAGES.read(query);
    const rows = await this.tokens.list(projectId, after, limit + 1);
    const { page, nextCursor } = PAGES.cut(rows, limit, (row) => row);
    return { service_tokens: page, next_cursor: nextCursor ?? null };
  }

  @DeleteRoute({
    path: ':token_id',
    role: 'admin',
    serviceTokens: false,
    operationId: 'deleteServiceToken',
    summary: 'Delete Service Token',
    description: 'Revokes a service token: it ends at once, in every replica.',
    errors: ['service_token_not_found'],
    decorators: [
      ApiParam({
        name: 'token_id',
        schema: { type: 'string', format: 'uuid' },
        description: 'The id of the token, not the token itself',
        examples: { token: { value: '7d4f8c2e-3b1a-4c59-9e2d-6f0a1b2c3d4e' } },
      }),
    ],
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
