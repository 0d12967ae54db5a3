import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { ExecutionContext } from '@nestjs/common';
import type { WrittenChange } from '../domain/change.js';
import type { ProjectRole } from '../domain/project-access.js';
import { UUID } from '../domain/uuid.js';

/** Who calls, as the access token says. */
export interface Caller {
  /** The token's `sub`: 1 to 255 characters, not necessarily a UUID. */
  subject: string;
  /** Whether it is a program with a service token. Default: a person. */
  isServiceToken?: true;
}

/** The property of a request that holds its caller; no host can use it for anything else. */
export const CALLER = Symbol('Caller');

/** The property of a request that holds what its caller may do in its project. */
export const ROLE = Symbol('Role');

/** The property of a request that holds the checks of its guards, in their order, to ask them again. */
export const ACCESS_CHECKS = Symbol('AccessChecks');

/** The property of a request that holds why it was refused, for the log. */
export const REFUSAL = Symbol('Refusal');

/** Why a request was refused, without anything of its contents. */
export interface Refusal {
  code: string;
  /** Which check of the token failed. */
  reason?: string;
  /** More about that check. */
  explanation?: string | undefined;
  /** For a 422: which cause in which field. */
  causes?: string[];
}

/** What this module uses of a request, the same on Fastify and on Express. */
export interface HttpRequest {
  headers: IncomingHttpHeaders;
  params: Record<string, string | undefined>;
  /** Fastify's request around `node:http`'s; Express's is `node:http`'s itself. */
  raw?: IncomingMessage;
  id?: unknown;
  /** Set by {@link JwtAuthGuard}. */
  [CALLER]?: Caller;
  /** Set by {@link ProjectOwnershipGuard}. */
  [ROLE]?: ProjectRole;
  /** Added to by {@link JwtAuthGuard} and {@link ProjectOwnershipGuard}. */
  [ACCESS_CHECKS]?: (() => Promise<void>)[];
  /** Set by the error filter. */
  [REFUSAL]?: Refusal;
}

/** The request of an execution context. */
export function requestOf(context: Pick<ExecutionContext, 'switchToHttp'>): HttpRequest {
  return context.switchToHttp().getRequest<HttpRequest>();
}

/** The request as `node:http` gave it. */
export function rawRequestOf(request: HttpRequest): IncomingMessage {
  return request.raw ?? (request as unknown as IncomingMessage);
}

/** The subject of the caller that {@link JwtAuthGuard} let pass. */
export function subjectOf({ [CALLER]: caller }: HttpRequest): string {
  if (caller === undefined) throw new Error('no guard has set a caller on this request');
  return caller.subject;
}

/** What the caller that {@link ProjectOwnershipGuard} let pass may do in the project. */
export function roleOf({ [ROLE]: role }: HttpRequest): ProjectRole {
  if (role === undefined) throw new Error('no guard has set a role on this request');
  return role;
}

/** Runs the check of a guard, and keeps it for {@link checkAgain}. */
export async function checkAccess(request: HttpRequest, check: () => Promise<void>): Promise<void> {
  await check();
  const { [ACCESS_CHECKS]: before = [] } = request;
  request[ACCESS_CHECKS] = [...before, check];
}

/** Asks every guard that let a request pass once more: what a caller may can change while their body is on its way. */
export async function checkAgain({ [ACCESS_CHECKS]: checks = [] }: HttpRequest): Promise<void> {
  for (const check of checks) await check();
}

/** The id that the server assigned to the request, or a new one; headers are ignored. */
export function requestIdOf(request: HttpRequest): string {
  return typeof request.id === 'string' && UUID.test(request.id) ? request.id : randomUUID();
}

/** Who asks for a change, for its audit trail. */
export function changeBy(request: HttpRequest): WrittenChange {
  return { actor: subjectOf(request), requestId: requestIdOf(request) };
}

/** How often a header was sent. */
export function countOf(name: string, rawHeaders: readonly string[]): number {
  return valuesOf(name, rawHeaders).length;
}

/** What a header was sent with, each time, where `headers` would join the values or show the first. */
export function valuesOf(name: string, rawHeaders: readonly string[]): string[] {
  return rawHeaders.filter(
    (_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name,
  );
}
