import type { WrittenChange } from './change.js';
import type { HostId } from './host-id.js';

/** What somebody may do in a project, from the least to the most; each may what those before it may. */
export const PROJECT_ROLES = ['viewer', 'admin', 'owner'] as const;

/**
 * - `viewer` reads: masks, health, history, and events without their contents
 * - `admin` also changes credentials and webhook endpoints, tries keys, reads contents of events and replays them
 * - `owner` also deactivates
 */
export type ProjectRole = (typeof PROJECT_ROLES)[number];

/** Whether a role is enough where another one is needed. */
export function isEnough(role: ProjectRole, needed: ProjectRole): boolean {
  return PROJECT_ROLES.indexOf(role) >= PROJECT_ROLES.indexOf(needed);
}

/** The roles that are enough where one is needed. */
export function rolesFrom(needed: ProjectRole): ProjectRole[] {
  return PROJECT_ROLES.filter((role) => isEnough(role, needed));
}

/** The role that somebody needs in a project to give a program one there. */
export function roleToGive(role: ProjectRole): ProjectRole {
  return isEnough('admin', role) ? 'admin' : role;
}

/** Of two roles the one that may less. */
export function lesserRole(one: ProjectRole, other: ProjectRole): ProjectRole {
  return isEnough(one, other) ? other : one;
}

/** What a list of projects shows of one project. */
export interface OwnedProject<Id = HostId> {
  id: Id;
  name: string;
  description: string | null;
  isActive: boolean;
  createdAt: Date;
}

/** Where a page of projects begins: behind the last project of the page before. */
export type ProjectPosition = Pick<OwnedProject<string>, 'createdAt' | 'id'>;

/** Which of a subject's projects are wanted. */
export interface ProjectPage {
  /** How many at most. */
  limit: number;
  /** Only projects behind this one, by their time and then their id; undefined: from the oldest on. */
  after: ProjectPosition | undefined;
}

/** A page of a subject's projects. */
export interface OwnedProjects<Id = HostId> {
  projects: OwnedProject<Id>[];
  /** How many projects the subject has in all. */
  total: number;
}

/** A project in which a subject has a role. */
export interface AccessibleProject<Id = HostId> extends OwnedProject<Id> {
  role: ProjectRole;
}

/** A page of the projects in which a subject has a role. */
export interface AccessibleProjects<Id = HostId> {
  projects: AccessibleProject<Id>[];
  /** How many projects there are in all. */
  total: number;
}

/**
 * Who may do what in a project: the port through which the host lends its projects to the payments module.
 * The class is also the injection token.
 */
export abstract class ProjectAccess {
  /**
   * The subject that owns the project: the `sub` of the access token, or what `auth.subject` gives. A number or bigint counts as
   * its text.
   *
   * @param projectId in the canonical spelling of its form: a UUID in lower case, a ULID in upper case; a number as its text
   * @returns undefined when there is no such project or it is inactive, null when nobody owns it
   */
  abstract findOwner(projectId: string): Promise<HostId | null | undefined>;

  /**
   * What a caller may do in the project. Left out, the owner may do everything, and nobody else anything.
   *
   * @param projectId as in {@link findOwner}
   * @param subject the caller: the `sub` of the access token, or what `auth.subject` gives
   * @returns undefined when there is no such project or it is inactive, null when the caller has no role in it
   */
  roleOf?(projectId: string, subject: string): Promise<ProjectRole | null | undefined>;

  /**
   * A page of the projects of a subject, active or not, oldest first, those of the same time by their id:
   * `WHERE owner = … AND (created_at, id) > (…) ORDER BY created_at, id LIMIT …`, for which an index on these three columns is
   * wanted. A `Date` has milliseconds: store `created_at` as such (`timestamptz(3)`), or find the time by `after.id`; else the
   * last project of a page is the first of the next.
   */
  abstract listOwnedBy(subject: string, page: ProjectPage): Promise<OwnedProjects>;

  /**
   * A page of the projects in which a subject has a role, in the order of {@link listOwnedBy}. Left out: those of
   * {@link listOwnedBy}, as their owner. {@link DataErasure} erases those of {@link listOwnedBy} alone.
   */
  listAccessibleTo?(subject: string, page: ProjectPage): Promise<AccessibleProjects>;

  /**
   * Names for people to read beside ids of those who made changes, as a history shows them. Left out, or without one for an id:
   * the id alone.
   */
  nameActors?(subjects: readonly string[]): Promise<ReadonlyMap<string, string>>;

  /**
   * Erases what is known of a person beside the projects that they own, such as their roles in others. Called by
   * {@link DataErasure.eraseOwner}, behind the erasure of the person's projects; it must not mind being repeated. Left out: nothing.
   */
  erasePerson?(subject: string, change: WrittenChange): Promise<void>;
}
