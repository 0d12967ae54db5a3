import { applyDecorators, UseInterceptors } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { NextPageLink } from '../http/next-page-link.js';
import { PageLimit, readCursor, writeCursor } from '../http/pages.js';
import type { ProjectPosition } from '../project-ownership.js';

/** How many projects a list gives. */
export const PROJECT_LIMIT = new PageLimit(1_000, 1_000);

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

/** Where a page of projects begins: milliseconds and id of the last project before it. */
export function writeProjectCursor({ createdAt, id }: ProjectPosition): string {
  return writeCursor(`${createdAt.getTime()} ${id}`);
}

/** @throws ValidationFailed */
export function readProjectCursor(cursor: unknown): ProjectPosition | undefined {
  const [time, id] = readCursor(cursor, POSITION) ?? [];
  return time === undefined || id === undefined ? undefined : { createdAt: new Date(Number(time)), id };
}

const POSITION = /^(\d{1,14}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
