import { Param, Query, Req } from '@nestjs/common';
import { isSubject } from '../../../payments/domain/subject.js';
import { isEnough } from '../../../payments/domain/project-access.js';
import { insufficientRole } from '../../../payments/http/access/project-ownership.guard.js';
import { ValidBody } from '../../../payments/http/body/valid-body.js';
import { changeBy, roleOf, subjectOf, type HttpRequest } from '../../../payments/http/http-request.js';
import { ApiAccess } from '../../../payments/http/openapi/api-documentation.js';
import { INVALID_CURSOR, Pages, type PageQuery } from '../../../payments/http/parameters/pages.js';
import { DeleteRoute, GetRoute, ProjectRoutes, PutRoute } from '../../../payments/http/routes.js';
import { SECURITY_SCHEMES } from '../../openapi.js';
import { MemberListResponse, NO_ROLE, SetMemberRequest } from './member.dto.js';
import { MemberService } from './member.service.js';
import { ApiSubject, DOT_SUBJECT, NO_SUBJECT, readNewSubject, readSubject } from './subject-parameter.js';

/** Each page begins behind a subject. */
const PAGES = new Pages<string>({
  usual: 50,
  max: 101,
  cursor: 'next_cursor of the page before',
  form: /^m(.+)$/s,
  write: (subject) => `m${subject}`,
  read: (subject) => (isSubject(subject) ? subject : undefined),
});
const { limit, cursor } = PAGES.parameters();

@ProjectRoutes('members', 'Projects', 'api/v1/projects')
@ApiAccess(Object.values(SECURITY_SCHEMES))
export class MemberController {
  constructor(private readonly members: MemberService) {}

  @GetRoute({
    role: 'admin',
    operationId: 'listMembers',
    summary: 'List Members',
    description: 'Who has which role in the project, its creator included, by their subjects.',
    response: MemberListResponse,
    errors: [PAGES.outOfRange, INVALID_CURSOR],
    decorators: [cursor, limit],
  })
  async list(@Param('project_id') projectId: string, @Query() query: PageQuery): Promise<MemberListResponse> {
    const { limit, after = '' } = PAGES.read(query);
    const rows = await this.members.list(projectId, after, limit + 1);
    const { page, nextCursor } = PAGES.cut(rows, limit, ({ subject }) => subject);
    return { members: page, next_cursor: nextCursor ?? null };
  }

  @PutRoute({
    path: ':subject',
    serviceTokens: false,
    operationId: 'updateMember',
    summary: 'Update Member',
    description:
      'Gives somebody a role in the project, in place of the one they have. A project has at most 100 members beside its creator, who stays an owner.',
    body: { type: SetMemberRequest },
    errors: ['member_limit_reached', 'creator_stays_owner', NO_SUBJECT, DOT_SUBJECT, NO_ROLE],
    decorators: [ApiSubject()],
  })
  async set(
    @Req() request: HttpRequest,
    @Param('project_id') projectId: string,
    @Param('subject') given: string,
    @ValidBody(SetMemberRequest) { role }: SetMemberRequest,
  ): Promise<void> {
    await this.members.set(projectId, readNewSubject(given), role, changeBy(request));
  }

  @DeleteRoute({
    path: ':subject',
    serviceTokens: false,
    role: 'viewer',
    operationId: 'deleteMember',
    summary: 'Delete Member',
    description:
      'Takes somebody’s role in the project. Everybody may remove themselves, and owners anybody but its creator.',
    errors: ['insufficient_role', 'member_not_found', 'creator_stays_owner', NO_SUBJECT],
    decorators: [ApiSubject()],
  })
  async remove(
    @Req() request: HttpRequest,
    @Param('project_id') projectId: string,
    @Param('subject') given: string,
  ): Promise<void> {
    const subject = readSubject(given);
    if (subject !== subjectOf(request) && !isEnough(roleOf(request), 'owner'))
      throw insufficientRole('owner');
    await this.members.remove(projectId, subject, changeBy(request));
  }
}
