import { Module } from '@nestjs/common';
import { refuseOtherMethods } from '../../payments/http/method-not-allowed.js';
import { ProjectController } from './project.controller.js';
import { ProjectService } from './project.service.js';

@Module({
  controllers: [ProjectController, refuseOtherMethods(ProjectController)],
  providers: [ProjectService],
  exports: [ProjectService],
})
export class ProjectModule {}
