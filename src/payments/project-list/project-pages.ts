import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { NextPageLink, type LinkedPage } from '../http/parameters/next-page-link.js';
import { PageLimit, pageOf, readCursor, writeCursor } from '../http/parameters/pages.js';
import type { ProjectPage, ProjectPosition } from '../domain/project-ownership.js';

/** How many projects a list gives. */
export const PROJECT_LIMIT = new PageLimit(250, 250);

/** Makes a list of projects one of pages, which begin behind a project and link to the next one. */
export function ProjectPages(): MethodDecorator {
  return applyDecorators(
    UseInterceptors(NextPageLink),
    ApiQuery({
      name: 'limit',
      required: false,
      description: 'How many at most',
      schema: PROJECT_LIMIT.schema,
    }),
    ApiQuery({
      name: 'cursor',
      required: false,
      description: 'Where the page begins, as the header Link of the page before has it',
      schema: { type: 'string' },
    }),
  );
}

/**
 * The page of a list of projects that a query asks for.
 *
 * @param list gives a page of the projects
 * @param positionOf where the page behind a project begins
 * @throws ValidationFailed
 */
export async function readProjectPage<Project>(
  query: { limit: unknown; cursor: unknown },
  list: (page: ProjectPage) => Promise<{ projects: Project[]; total: number }>,
  positionOf: (project: Project) => ProjectPosition,
): Promise<LinkedPage<{ projects: Project[]; total: number }>> {
  const limit = PROJECT_LIMIT.read(query.limit);
  const { projects, total } = await list({ limit: limit + 1, after: readProjectCursor(query.cursor) });
  const { page, last } = pageOf(projects, limit);
  return {
    body: { projects: page, total },
    limit,
    nextCursor: last && writeProjectCursor(positionOf(last)),
  };
}

/** Where a page of projects begins: milliseconds and id of the last project before it. */
function writeProjectCursor({ createdAt, id }: ProjectPosition): string {
  return writeCursor(`${createdAt.getTime()} ${id}`);
}

/** @throws ValidationFailed */
function readProjectCursor(cursor: unknown): ProjectPosition | undefined {
  const [time, id] = readCursor(cursor, POSITION) ?? [];
  return time === undefined || id === undefined ? undefined : { createdAt: new Date(Number(time)), id };
}

const POSITION = /^(\d{1,14}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
