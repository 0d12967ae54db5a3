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
