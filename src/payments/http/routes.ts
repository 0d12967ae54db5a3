import {
  applyDecorators,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Post,
  Put,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CanActivate,
  type Type,
} from '@nestjs/common';
import {
  ApiBody,
  ApiExtension,
  ApiOperation,
  ApiResponse,
  ApiTags,
  type ApiBodyOptions,
  type ApiOperationOptions,
  type ApiResponseNoStatusOptions,
} from '@nestjs/swagger';
import type { ProjectRole } from '../domain/project-access.js';
import { DEFAULT_BASE_PATH } from '../options/payments.options.js';
import { JwtAuthGuard } from './access/jwt-auth.guard.js';
import { ACCEPTS_SERVICE_TOKENS } from './access/service-tokens.js';
import { NEEDED_ROLE, ProjectOwnershipGuard } from './access/project-ownership.guard.js';
import { NoFields } from './body/no-fields.js';
import { ErrorFilter } from './errors/error.filter.js';
import {
  ApiErrors,
  ApiMode,
  ApiProjectId,
  PUBLIC,
  type DocumentedError,
} from './openapi/api-documentation.js';
import { OPERATION_PREFIX } from './openapi/namespace.js';
import { Public } from './mounting/mounted.js';
import { markRoute } from './mounting/route-mark.js';
import { QueryRules } from './parameters/query-rules.js';

/** What is said of one route; everything else follows from its controller's access. */
export interface Route {
  /** Below the path of its controller. */
  path?: string;
  operationId: string;
  summary: string;
  description: string;
  /** Of a route of a project: the least role that its callers need. Default: owner. */
  role?: ProjectRole;
  /**
   * Whether it may be called with a service token, whose role counts as a person's. Default: where it is of a project. Others are
   * refused, so that what is new is for people.
   */
  serviceTokens?: boolean;
  /** The body that it takes; `no fields` refuses every field. Default: none is read. */
  body?: ApiBodyOptions | 'no fields';
  /** What a success answers with. Default: nothing. */
  response?: Type | ApiResponseNoStatusOptions;
  /** The status of a success. Default: 200, or 204 where it answers with nothing. */
  status?: HttpStatus;
  /** The errors beside those that follow from its access and its body. */
  errors?: readonly DocumentedError[];
  /** Its further parameters, for the documentation, and what is its own alone. */
  decorators?: readonly MethodDecorator[];
}

/** Who may call the routes of a controller, and what follows from it. */
interface Access {
  /** Whether callers need a role in a project. */
  isOfProject?: true;
  /** In the order in which they are asked. */
  guards: readonly Type<CanActivate>[];
  errors: readonly DocumentedError[];
  decorators: readonly ClassDecorator[];
  operation?: ApiOperationOptions;
}

const OF_PROJECT: Access = {
  isOfProject: true,
  guards: [JwtAuthGuard, ProjectOwnershipGuard],
  errors: [401, 403, 404, 422, 503],
  decorators: [UseInterceptors(QueryRules), ApiProjectId()],
};

const CALLER: Access = {
  guards: [JwtAuthGuard],
  errors: [401, 'insufficient_scope', 'access_denied', 503],
  decorators: [UseInterceptors(QueryRules)],
};

const ANYONE: Access = { guards: [], errors: [], decorators: [Public()], operation: PUBLIC };

const BODY_ERRORS = [400, 413, 415];

/** Where projects are in the module. */
const PROJECTS = `${DEFAULT_BASE_PATH}/stripe/projects`;

/**
 * Routes of a project, for those who have a role in it.
 *
 * @param path below the project's
 * @param projects the path of all projects. Default: the module's
 */
export function ProjectRoutes(path: string, tag: string, projects = PROJECTS): ClassDecorator {
  const mode = path.includes(':mode') ? [ApiMode()] : [];
  return applyDecorators(...routes(`${projects}/:project_id/${path}`, tag, OF_PROJECT), ...mode);
}

/** Routes for everybody who is signed in. */
export function CallerRoutes(path: string, tag: string): ClassDecorator {
  return applyDecorators(...routes(path, tag, CALLER));
}

/** Routes that need no access token. */
export function PublicRoutes(path: string, tag: string): ClassDecorator {
  return applyDecorators(...routes(path, tag, ANYONE));
}

export const GetRoute = routeOf(Get);
export const PutRoute = routeOf(Put);
export const PostRoute = routeOf(Post);
export const DeleteRoute = routeOf(Delete);

/** What a route is, for its controller, whose access it is documented with. */
const ROUTE = Symbol('Route');

function routeOf(method: (path?: string) => MethodDecorator): (route: Route) => MethodDecorator {
  return (route) =>
    applyDecorators(
      SetMetadata(ROUTE, route),
      SetMetadata(NEEDED_ROLE, route.role),
      (_target, _name, { value }) => {
        markRoute(value as object);
      },
      method(route.path),
      HttpCode(statusOf(route)),
      Header('Cache-Control', 'no-store'),
      ...(route.body === 'no fields' ? [UseInterceptors(NoFields)] : []),
      ...(route.decorators ?? []),
    );
}

function routes(path: string, tag: string, access: Access): ClassDecorator[] {
  return [
    Controller(path),
    UseFilters(ErrorFilter),
    UseGuards(...access.guards),
    ...access.decorators,
    ApiTags(tag),
    ({ prototype }) => {
      for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(prototype))) {
        document(descriptor, access);
      }
    },
  ];
}

/** Documents what a handler says of its route, and what follows from it. */
function document(descriptor: TypedPropertyDescriptor<object>, access: Access): void {
  const route = descriptor.value && (Reflect.getMetadata(ROUTE, descriptor.value) as Route | undefined);
  if (route === undefined) return;
  const { operationId, summary, role = 'owner', body, response = {}, errors = [] } = route;
  const { serviceTokens = access.isOfProject === true } = route;
  const bodyErrors = body === undefined ? [] : BODY_ERRORS;
  const roleErrors: DocumentedError[] = access.isOfProject && role !== 'viewer' ? ['insufficient_role'] : [];
  const tokenErrors: DocumentedError[] =
    serviceTokens || access.guards.length === 0 ? [] : ['service_token_refused'];
  const description = access.isOfProject ? `${route.description} Needs the role ${role}.` : route.description;
  applyDecorators(
    ApiOperation({ operationId: OPERATION_PREFIX + operationId, ...access.operation, summary, description }),
    ...(access.isOfProject ? [ApiExtension('x-required-role', role)] : []),
    SetMetadata(ACCEPTS_SERVICE_TOKENS, serviceTokens),
    ...(typeof body === 'object' ? [ApiBody(body)] : []),
    ApiResponse({
      status: statusOf(route),
      description: 'Successful Response',
      ...(typeof response === 'function' ? { type: response } : response),
    }),
    ApiErrors(...access.errors, ...roleErrors, ...tokenErrors, ...bodyErrors, ...errors),
  )({}, '', descriptor);
}

function statusOf({ status, response }: Route): HttpStatus {
  return status ?? (response === undefined ? HttpStatus.NO_CONTENT : HttpStatus.OK);
}
