import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ValidationFailed } from '../domain/errors.js';
import type { ProjectIds } from '../domain/project-ids.js';
import type { ProjectPage, ProjectPosition } from '../domain/project-access.js';
import { NextPageLink, type LinkedPage } from '../http/parameters/next-page-link.js';
import { INVALID_CURSOR, Pages, type PageQuery } from '../http/parameters/pages.js';

/** A page of projects begins after the creation time and id of a project. */
export const PROJECT_PAGES = new Pages<ProjectPosition>({
  usual: 250,
  max: 250,
  cursor: 'Where the page begins, as the header Link of the page before has it',
  form: /^(\d{1,14}) ([\w.~-]+)$/,
  write: ({ createdAt, id }) => `${createdAt.getTime()} ${id}`,
  read: (time, id) => ({ createdAt: new Date(Number(time)), id }),
});

/** Pages a list of projects. */
export function ProjectPages(): MethodDecorator {
  const { limit, cursor } = PROJECT_PAGES.parameters();
  return applyDecorators(UseInterceptors(NextPageLink), limit, cursor);
}

/**
 * The page of projects that a query requests.
 *
 * @param list returns a page of the projects
 * @param positionOf the position after a project
 * @param ids what ids in cursors must look like
 * @throws ValidationFailed
 */
export async function readProjectPage<Project>(
  query: PageQuery,
  list: (page: ProjectPage) => Promise<{ projects: Project[]; total: number }>,
  positionOf: (project: Project) => ProjectPosition,
  ids: ProjectIds,
): Promise<LinkedPage<{ projects: Project[]; total: number }>> {
  const { limit, after } = PROJECT_PAGES.read(query);
  if (after !== undefined && ids.find(after.id) !== after.id) throw new ValidationFailed([INVALID_CURSOR]);
  const { projects, total } = await list({ limit: limit + 1, after });
  const { page, nextCursor } = PROJECT_PAGES.cut(projects, limit, positionOf);
  return { body: { projects: page, total }, limit, nextCursor };
}
