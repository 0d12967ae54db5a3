import { Module, type DynamicModule } from '@nestjs/common';
import { AccessHistoryController } from '../access-trail/access-history.controller.js';
import { AccessTrail } from '../access-trail/access-trail.service.js';
import { MemberController } from './members/member.controller.js';
import { MemberService } from './members/member.service.js';
import { ProjectController } from './project.controller.js';
import { MAX_PROJECTS_PER_OWNER } from './project-limit.js';
import { ProjectService } from './project.service.js';

@Module({})
export class ProjectModule {
  /** @param maxProjectsPerOwner 1 or more */
  static with(maxProjectsPerOwner: number): DynamicModule {
    return {
      module: ProjectModule,
      controllers: [ProjectController, MemberController, AccessHistoryController],
      providers: [
        ProjectService,
        MemberService,
        AccessTrail,
        { provide: MAX_PROJECTS_PER_OWNER, useValue: maxProjectsPerOwner },
      ],
      exports: [ProjectService],
    };
  }
}
