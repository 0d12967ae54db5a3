import type { Feature } from '../feature.js';
import { ErrorFilter } from './errors/error.filter.js';
import { AccessGuard } from './access/jwt-auth.guard.js';
import { HostProjects } from './access/project-ownership.guard.js';
import { JwtAuthGuard } from './access/jwt-auth.guard.js';
import { MountingReport } from './mounting/mounting-report.js';
import { OtherMethods } from './mounting/other-methods.js';
import { ProjectOwnershipGuard } from './access/project-ownership.guard.js';

export const http: Feature = {
  providers: [
    AccessGuard,
    JwtAuthGuard,
    ProjectOwnershipGuard,
    ErrorFilter,
    HostProjects,
    OtherMethods,
    MountingReport,
  ],
  exports: [AccessGuard, HostProjects],
};
