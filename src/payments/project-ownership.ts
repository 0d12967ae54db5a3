import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { RESOLVED_OPTIONS, type ResolvedOptions } from './payments.options.js';
import { instanceOf } from './provided.js';

/** What a list of projects shows of one project. */
export interface OwnedProject {
  /** Lower case UUID. */
  id: string;
  name: string;
  description: string | null;
  isActive: boolean;
  createdAt: Date;
}

/**
 * Who owns a project: the port through which the host lends its projects to the payments module.
 * The class is also the injection token.
 */
export abstract class ProjectOwnership {
  /**
   * The subject (`sub` of the access token) that owns the project.
   *
   * @param projectId lower case UUID
   * @returns undefined when there is no such project or it is inactive
   */
  abstract findOwner(projectId: string): Promise<string | undefined>;

  /** All projects of a subject, active or not, oldest first. */
  abstract listOwnedBy(subject: string): Promise<OwnedProject[]>;
}

/** Asks the host's own {@link ProjectOwnership}, whatever way the options name it. */
@Injectable()
export class HostProjects extends ProjectOwnership implements OnModuleInit {
  private host: ProjectOwnership | undefined;

  constructor(
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'projects'>,
    private readonly moduleRef: ModuleRef,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.host = await instanceOf(this.moduleRef, 'projects', this.options.projects);
  }

  findOwner(projectId: string): Promise<string | undefined> {
    return this.ofHost().findOwner(projectId);
  }

  listOwnedBy(subject: string): Promise<OwnedProject[]> {
    return this.ofHost().listOwnedBy(subject);
  }

  private ofHost(): ProjectOwnership {
    if (this.host === undefined) throw new Error('the module has not been initialized');
    return this.host;
  }
}
