import { HttpStatus, Param, Query, Req } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import { roleToGive } from '../../payments/domain/project-access.js';
import { UUIDS } from '../../payments/domain/project-ids.js';
import { UUID } from '../../payments/domain/uuid.js';
import { ValidBody } from '../../payments/http/body/valid-body.js';
import { changeBy, subjectOf, type HttpRequest } from '../../payments/http/http-request.js';
import { ApiAccess } from '../../payments/http/openapi/api-documentation.js';
import { INVALID_CURSOR, type PageQuery } from '../../payments/http/parameters/pages.js';
import { CallerRoutes, DeleteRoute, GetRoute, PostRoute } from '../../payments/http/routes.js';
import { SECURITY_SCHEMES } from '../openapi.js';
import { NO_ROLE } from '../projects/members/member.dto.js';
import { ProjectService } from '../projects/project.service.js';
import { TOKEN_ID } from './service-token.controller.js';
import {
  CreateOwnServiceTokenRequest,
  endOf,
  NO_DAYS,
  NO_NAME,
  NO_PROJECTS,
  NO_TIME,
  TWO_ENDS,
} from './service-token.dto.js';
import { CreatedOwnServiceTokenResponse, OwnServiceTokenListResponse } from './service-token.responses.js';
import { noSuchOwnToken, ServiceTokenService } from './service-token.service.js';
import { pageOf, TOKEN_PAGES } from './token-pages.js';
import { accessRefusal } from './token-refusals.js';

const { limit, cursor } = TOKEN_PAGES.parameters();

/** The service tokens that the caller has made, for one project or several. */
@CallerRoutes('api/v1/service-tokens', 'Projects')
@ApiAccess(Object.values(SECURITY_SCHEMES))
export class OwnServiceTokenController {
  constructor(
    private readonly tokens: ServiceTokenService,
    private readonly projects: ProjectService,
  ) {}

  @PostRoute({
    operationId: 'createOwnServiceToken',
    summary: 'Create Own Service Token',
    description:
      'Makes a token for a program that works in several projects, and shows it once. Its role is at most the caller’s own in each of ' +
      'them, and it never may more there than who made it may. Where one project cannot be, no token is made. Needs the role admin.',
    body: { type: CreateOwnServiceTokenRequest },
    response: CreatedOwnServiceTokenResponse,
    status: HttpStatus.CREATED,
    errors: [
      ...(['project_not_found', 'insufficient_role', 'service_token_limit_reached'] as const),
      ...[NO_NAME, NO_ROLE, NO_DAYS, NO_TIME, TWO_ENDS, NO_PROJECTS],
    ],
    decorators: [ApiExtension('x-required-role', 'admin')],
  })
  async create(
    @Req() request: HttpRequest,
    @ValidBody(CreateOwnServiceTokenRequest) body: CreateOwnServiceTokenRequest,
  ): Promise<CreatedOwnServiceTokenResponse> {
    const ids = body.project_ids.map((id) => UUIDS.read(id));
    const wanted = { name: body.name.trim(), role: body.role, expiresAt: endOf(body) };
    const subject = subjectOf(request);
    const roles = await Promise.all(ids.map((id) => this.projects.roleOf(id, subject)));
    // Before anything is locked: nobody makes others wait for projects that are none of theirs.
    const refusal = accessRefusal(roles, roleToGive(body.role));
    if (refusal !== undefined) throw refusal;
    const made = await this.tokens.make(ids, wanted, changeBy(request));
    return { ...made, project_ids: [...new Set(ids)].sort() };
  }

  @GetRoute({
    operationId: 'listOwnServiceTokens',
    summary: 'List Own Service Tokens',
    description:
      'The service tokens that the caller has made and that have an active project, oldest first, never the tokens themselves.',
    response: OwnServiceTokenListResponse,
    errors: [TOKEN_PAGES.outOfRange, INVALID_CURSOR],
    decorators: [cursor, limit],
  })
  async list(@Req() request: HttpRequest, @Query() query: PageQuery): Promise<OwnServiceTokenListResponse> {
    const { limit, after } = TOKEN_PAGES.read(query);
    return pageOf(await this.tokens.listOwn(subjectOf(request), after, limit + 1), limit);
  }

  @DeleteRoute({
    path: ':token_id',
    operationId: 'deleteOwnServiceToken',
    summary: 'Delete Own Service Token',
    description:
      'Revokes a service token that the caller has made: it ends at once in all its projects, in every replica.',
    errors: ['service_token_not_found'],
    decorators: [TOKEN_ID],
  })
  async revoke(@Req() request: HttpRequest, @Param('token_id') tokenId: string): Promise<void> {
    if (!UUID.test(tokenId)) throw noSuchOwnToken();
    await this.tokens.revokeOwn(tokenId.toLowerCase(), changeBy(request));
  }
}
