import { Header, Param, Query } from '@nestjs/common';
import { ApiParam, ApiQuery } from '@nestjs/swagger';
import { MODES, type Mode } from '../domain/credentials.js';
import { OptionalValidBody } from '../http/body/valid-body.js';
import { ApiMode } from '../http/openapi/api-documentation.js';
import { ModePipe } from '../http/parameters/mode.pipe.js';
import { Pages } from '../http/parameters/pages.js';
import { readChoice, readPattern, readText } from '../http/parameters/query.js';
import { GetRoute, PostRoute, ProjectRoutes } from '../http/routes.js';
import {
  REPLAY_EXAMPLES,
  ReplayedStripeEvents,
  ReplayStripeEventsRequest,
  StripeEventListResponse,
  StripeEventResponse,
  StripeEventWithPayload,
} from './stripe-event.dto.js';
import { EVENT_STATUSES } from './event-status.js';
import type { StripeEventView } from './stripe-event.entity.js';
import { StripeEventService, type EventPosition } from './stripe-event.service.js';
import type { EventFilter } from './stripe-event.statements.js';

/** Each page begins behind an event. */
const PAGES = new Pages<EventPosition>({
  usual: 20,
  max: 100,
  cursor: 'next_cursor of the page before',
  form: new RegExp(`^(\\d{1,15}) (${MODES.join('|')}) ([!-~]{1,255})$`),
  write: ({ receivedAt, mode, eventId }) => `${receivedAt.getTime()} ${mode} ${eventId}`,
  read: (time, mode, eventId) => ({
    receivedAt: new Date(Number(time)),
    mode: mode as Mode,
    eventId,
  }),
});
const { limit, cursor } = PAGES.parameters();

const OF_MODE = filterBy('mode', 'Only events of this mode', MODES);

/** Documents the event of the path. */
const EVENT = [
  ApiMode(),
  ApiParam({
    name: 'event_id',
    schema: { type: 'string' },
    description: 'Stripe’s id',
    examples: { event: { value: 'evt_1' } },
  }),
];

@ProjectRoutes('events', 'Stripe Events')
export class StripeEventController {
  constructor(private readonly events: StripeEventService) {}

  @GetRoute({
    role: 'viewer',
    operationId: 'listStripeEvents',
    summary: 'List Stripe Events',
    description: 'The events that were received, newest first, without their contents.',
    response: StripeEventListResponse,
    errors: [PAGES.outOfRange],
    decorators: [
      cursor,
      limit,
      filterBy('object_id', 'Only events about this Stripe object'),
      filterBy('status', 'Only events in this state', EVENT_STATUSES),
      filterBy('type', 'Only events of this type: `invoice.paid`, all below a prefix: `invoice.*`'),
      OF_MODE,
    ],
  })
  async list(
    @Param('project_id') projectId: string,
    @Query() query: Record<string, unknown>,
  ): Promise<StripeEventListResponse> {
    const filter = readFilter(query);
    const { limit, after } = PAGES.read(query);
    const rows = await this.events.list(projectId, filter, after, limit + 1);
    const { page, nextCursor } = PAGES.cut(rows, limit, positionOf);
    return { events: page.map(toResponse), next_cursor: nextCursor ?? null };
  }

  @GetRoute({
    path: ':mode/:event_id',
    role: 'admin',
    operationId: 'getStripeEvent',
    summary: 'Get Stripe Event',
    description: 'One event with its contents.',
    response: StripeEventWithPayload,
    errors: ['event_not_found', 'secret_unreadable'],
    decorators: [...EVENT, Header('Content-Type', 'application/json; charset=utf-8')],
  })
  async find(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @Param('event_id') eventId: string,
  ): Promise<string> {
    const { event, payload } = await this.events.open(projectId, mode, eventId);
    // As stored: serializing it again would overflow the stack where it is nested too deep.
    return `${JSON.stringify(toResponse(event)).slice(0, -1)},"payload":${payload}}`;
  }

  @PostRoute({
    path: ':mode/:event_id/replay',
    role: 'admin',
    operationId: 'replayStripeEvent',
    summary: 'Replay Stripe Event',
    description: 'Lets an event that failed or was skipped be handled again.',
    body: 'no fields',
    response: StripeEventResponse,
    errors: ['event_not_found', 'event_not_replayable'],
    decorators: EVENT,
  })
  async replay(
    @Param('project_id') projectId: string,
    @Param('mode', ModePipe) mode: Mode,
    @Param('event_id') eventId: string,
  ): Promise<StripeEventResponse> {
    return toResponse(await this.events.replay(projectId, mode, eventId));
  }

  @PostRoute({
    path: 'replay',
    role: 'admin',
    operationId: 'replayFailedStripeEvents',
    summary: 'Replay Failed Stripe Events',
    description: 'Lets all events that failed be handled again, or those of some types.',
    body: { type: ReplayStripeEventsRequest, required: false, examples: REPLAY_EXAMPLES },
    response: ReplayedStripeEvents,
    decorators: [OF_MODE],
  })
  async replayFailed(
    @Param('project_id') projectId: string,
    @Query('mode') mode: unknown,
    @OptionalValidBody(ReplayStripeEventsRequest) body: Readonly<ReplayStripeEventsRequest>,
  ): Promise<ReplayedStripeEvents> {
    const chosen = readChoice('mode', mode, MODES);
    return { replayed: await this.events.replayFailed(projectId, chosen, body.type ?? null) };
  }
}

/** Documents a filter parameter. */
function filterBy(name: string, description: string, choices?: readonly string[]): MethodDecorator {
  return ApiQuery({
    name,
    required: false,
    description,
    schema: { type: 'string', ...(choices && { enum: [...choices] }) },
  });
}

function readFilter(query: Record<string, unknown>): EventFilter {
  return {
    mode: readChoice('mode', query.mode, MODES),
    type: readPattern(query.type),
    status: readChoice('status', query.status, EVENT_STATUSES),
    objectId: readText('object_id', query.object_id),
  };
}

function positionOf({ received_at: receivedAt, mode, event_id: eventId }: StripeEventView): EventPosition {
  return { receivedAt, mode, eventId };
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
