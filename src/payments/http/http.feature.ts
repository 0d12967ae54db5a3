import type { Feature } from '../feature.js';
import { ErrorFilter } from './errors/error.filter.js';
import { AccessGuard } from './access/jwt-auth.guard.js';
import { HostProjects } from './access/project-ownership.guard.js';
import { JwtAuthGuard } from './access/jwt-auth.guard.js';
import { ProjectOwnershipGuard } from './access/project-ownership.guard.js';

export const http: Feature = {
  providers: [AccessGuard, JwtAuthGuard, ProjectOwnershipGuard, ErrorFilter, HostProjects],
  exports: [AccessGuard, HostProjects],
};
