import { Module, type DynamicModule } from '@nestjs/common';
import { ProjectController } from './project.controller.js';
import { MAX_PROJECTS_PER_OWNER } from './project-limit.js';
import { ProjectService } from './project.service.js';

@Module({})
export class ProjectModule {
  /** @param maxProjectsPerOwner 1 or more */
  static with(maxProjectsPerOwner: number): DynamicModule {
    return {
      module: ProjectModule,
      controllers: [ProjectController],
      providers: [ProjectService, { provide: MAX_PROJECTS_PER_OWNER, useValue: maxProjectsPerOwner }],
      exports: [ProjectService],
    };
  }
}
