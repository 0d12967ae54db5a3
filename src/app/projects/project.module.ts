import { Module, type DynamicModule } from '@nestjs/common';
import { AccessHistoryController } from '../access-trail/access-history.controller.js';
import { AccessTrail } from '../access-trail/access-trail.service.js';
import { MemberController } from './members/member.controller.js';
import { MemberService } from './members/member.service.js';
import { SERVICE_TOKENS } from '../../payments/http/access/service-tokens.js';
import { OwnServiceTokenController } from '../service-tokens/own-service-token.controller.js';
import { ServiceTokenController } from '../service-tokens/service-token.controller.js';
import { ServiceTokenService } from '../service-tokens/service-token.service.js';
import { TokenAccess } from '../service-tokens/token-access.js';
import { VerifiedTokens } from '../service-tokens/verified-tokens.js';
import { ProjectController } from './project.controller.js';
import { MAX_PROJECTS_PER_OWNER } from './project-limit.js';
import { ProjectService } from './project.service.js';

@Module({})
export class ProjectModule {
  /** @param maxProjectsPerOwner 1 or more */
  static with(maxProjectsPerOwner: number): DynamicModule {
    return {
      module: ProjectModule,
      // What verifies service tokens is asked for by the payments module's guard.
      global: true,
      controllers: [
        ProjectController,
        MemberController,
        AccessHistoryController,
        ServiceTokenController,
        OwnServiceTokenController,
      ],
      providers: [
        ProjectService,
        MemberService,
        AccessTrail,
        ServiceTokenService,
        TokenAccess,
        VerifiedTokens,
        { provide: SERVICE_TOKENS, useExisting: VerifiedTokens },
        { provide: MAX_PROJECTS_PER_OWNER, useValue: maxProjectsPerOwner },
      ],
      exports: [ProjectService, SERVICE_TOKENS],
    };
  }
}
