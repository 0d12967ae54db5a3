import {
  applyDecorators,
  Controller,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  UseFilters,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import { ApiAccess, ApiErrors, ApiMode, ApiProjectId } from '../http/openapi/api-documentation.js';
import { OptionalJsonBody } from '../http/body/json-body.js';
import { RequestBodyPipe } from '../http/body/request-body.pipe.js';
import { ErrorFilter } from '../http/errors/error.filter.js';
import { JwtAuthGuard } from '../http/access/jwt-auth.guard.js';
import { NoFields } from '../http/body/no-fields.js';
import { QueryRules } from '../http/parameters/query-rules.js';
import { ModePipe } from '../http/parameters/mode.pipe.js';
import { ProjectOwnershipGuard } from '../http/access/project-ownership.guard.js';
import { LIMIT, pageOf, readCursor, writeCursor } from '../http/parameters/pages.js';
import { readChoice, readPattern, readText } from '../http/parameters/query.js';
import { MODES } from '../domain/credentials.js';
import {
  REPLAY_EXAMPLES,
  REPLAY_FIELDS,
  ReplayedStripeEvents,
  ReplayStripeEventsRequest,
  StripeEventListResponse,
  StripeEventResponse,
  StripeEventWithPayload,
} from './stripe-event.dto.js';
import { EVENT_STATUSES, type StripeEventView } from './stripe-event.entity.js';
import { StripeEventService, type EventPosition } from './stripe-event.service.js';

/** Documents the event of the path. */
const ApiEvent = () =>
  applyDecorators(
    ApiMode(),
    ApiParam({
      name: 'event_id',
      schema: { type: 'string' },
      description: 'Stripe’s id',
      examples: { event: { value: 'evt_1' } },
    }),
  );
const ApiFilter = (name: string, description: string, choices?: readonly string[]) =>
  ApiQuery({
    name,
    required: false,
    description,
    schema: { type: 'string', ...(choices && { enum: [...choices] }) },
  });

@Controller('api/v1/payments/stripe/projects/:project_id/events')
@UseFilters(ErrorFilter)
@UseGuards(JwtAuthGuard, ProjectOwnershipGuard)
@UseInterceptors(QueryRules)
@ApiTags('Stripe Events')
@ApiAccess()
@ApiProjectId()
export class StripeEventController {
  constructor(private readonly events: StripeEventService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'listStripeEvents',
    summary: 'List Stripe Events',
    description: 'The events that were received, newest first, without their contents.',
  })
  @ApiFilter('mode', 'Only events of this mode', MODES)
  @ApiFilter('type', 'Only events of this type: `invoice.paid`, all below a prefix: `invoice.*`')
  @ApiFilter('status', 'Only events in this state', EVENT_STATUSES)
  @ApiFilter('object_id', 'Only events about this Stripe object')
  @ApiQuery({ name: 'limit', required: false, description: 'How many at most', schema: LIMIT.schema })
  @ApiFilter('cursor', 'next_cursor of the page before')
  @ApiOkResponse({ description: 'Successful Response', type: StripeEventListResponse })
  @ApiErrors(401, 403, 404, 422, LIMIT.outOfRange, 503)
  async list(
    @Param('project_id') projectId: string,
    @Query() query: Record<string, unknown>,
  ): Promise<StripeEventListResponse> {
    const filter = {
      mode: readChoice('mode', query.mode, MODES),
      type: readPattern(query.type),
      status: readChoice('status', query.status, EVENT_STATUSES),
      objectId: readText('object_id', query.object_id),
    };
    const size = LIMIT.read(query.limit);
    const rows = await this.events.list(projectId, filter, readPosition(query.cursor), size + 1);
    const { page, last } = pageOf(rows, size);
    return { events: page.map(toResponse), next_cursor: last === undefined ? null : positionOf(last) };
  }

  @Get(':mode/:event_id')
  @Header('Cache-Control', 'no-store')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @ApiOperation({
    operationId: 'getStripeEvent',
    summary: 'Get Stripe Event',
    description: 'One event with its contents.',
  })
  @ApiEvent()
  @ApiOkResponse({ description: 'Successful Response', type: StripeEventWithPayload })
  @ApiErrors(401, 403, 404, 'event_not_found', 'secret_unreadable', 422, 503)
  async find(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: 'test' | 'live',
    @Param('event_id') eventId: string,
  ): Promise<string> {
    const { event, payload } = await this.events.open(projectId, mode, eventId);
    // As it was stored: writing it again would overflow the stack where it is nested too deep.
    return `${JSON.stringify(toResponse(event)).slice(0, -1)},"payload":${payload}}`;
  }

  @Post(':mode/:event_id/replay')
  @UseInterceptors(NoFields)
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'replayStripeEvent',
    summary: 'Replay Stripe Event',
    description: 'Lets an event that failed or was skipped be handled again.',
  })
  @ApiEvent()
  @ApiOkResponse({ description: 'Successful Response', type: StripeEventResponse })
  @ApiErrors(400, 401, 403, 404, 'event_not_found', 'event_not_replayable', 413, 415, 422, 503)
  async replay(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: 'test' | 'live',
    @Param('event_id') eventId: string,
  ): Promise<StripeEventResponse> {
    return toResponse(await this.events.replay(projectId, mode, eventId));
  }

  @Post('replay')
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'no-store')
  @ApiOperation({
    operationId: 'replayFailedStripeEvents',
    summary: 'Replay Failed Stripe Events',
    description: 'Lets all events that failed be handled again, or those of some types.',
  })
  @ApiFilter('mode', 'Only events of this mode', MODES)
  @ApiBody({ type: ReplayStripeEventsRequest, required: false, examples: REPLAY_EXAMPLES })
  @ApiOkResponse({ description: 'Successful Response', type: ReplayedStripeEvents })
  @ApiErrors(400, 401, 403, 404, 413, 415, 422, 503)
  async replayFailed(
    @Param('project_id') projectId: string,
    @Query('mode') mode: unknown,
    @OptionalJsonBody(new RequestBodyPipe(ReplayStripeEventsRequest, REPLAY_FIELDS))
    body: Readonly<ReplayStripeEventsRequest>,
  ): Promise<ReplayedStripeEvents> {
    const chosen = readChoice('mode', mode, MODES);
    return { replayed: await this.events.replayFailed(projectId, chosen, body.type ?? null) };
  }
}

function toResponse({ event_id, ...event }: StripeEventView): StripeEventResponse {
  return {
    id: event_id,
    mode: event.mode,
    type: event.type,
    object_id: event.object_id,
    created_at: event.created_at,
    received_at: event.received_at,
    status: event.status,
    attempts: event.attempts,
    next_attempt_at: event.next_attempt_at,
    finished_at: event.finished_at,
    last_error: event.last_error,
  };
}

function positionOf({ received_at, mode, event_id }: StripeEventView): string {
  return writeCursor(`${received_at.getTime()} ${mode} ${event_id}`);
}

function readPosition(cursor: unknown): EventPosition | null {
  const [time, mode, eventId] = readCursor(cursor, /^(\d{1,15}) (test|live) ([!-~]{1,255})$/) ?? [];
  if (time === undefined || eventId === undefined) return null;
  return { receivedAt: new Date(Number(time)), mode: mode === 'live' ? 'live' : 'test', eventId };
}
