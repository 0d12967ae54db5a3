import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, ValidateBy } from 'class-validator';
import { EXAMPLE_TIME, exampleOf } from '../http/openapi/api-documentation.js';
import { PaymentsSchema } from '../http/openapi/schema-class.js';
import { holdsCredential } from '../domain/credential-shape.js';
import { refusal } from '../http/body/request-body.pipe.js';
import { isEventPattern } from '../domain/event-type.js';
import { MODES, type Mode } from '../domain/credentials.js';
import { EXAMPLE_EVENT } from './webhook.dto.js';
import { EVENT_STATUSES, type EventStatus } from './event-status.js';

@PaymentsSchema('StripeEventResponse')
export class StripeEventResponse {
  @ApiProperty({ example: 'evt_1', description: 'Stripe’s id' })
  id!: string;

  @ApiProperty({ enum: [...MODES], description: 'Stripe’s mode', example: 'test' })
  mode!: Mode;

  @ApiProperty({ description: 'What happened', example: 'invoice.paid' })
  type!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The Stripe object that it is about',
    example: 'in_1',
  })
  object_id!: string | null;

  @ApiProperty({ description: 'When Stripe made it, to a second', example: EXAMPLE_TIME })
  created_at!: Date;

  @ApiProperty({ description: 'When it was received first', example: EXAMPLE_TIME })
  received_at!: Date;

  @ApiProperty({
    enum: EVENT_STATUSES,
    description:
      '`pending`: waits for its handlers; `handled`; `skipped`: no handler wants it; `failed`: given up after too many attempts',
    example: 'failed',
  })
  status!: EventStatus;

  @ApiProperty({ type: 'integer', description: 'How often handling it was begun', example: 12 })
  attempts!: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it is handled next; null unless it is pending',
    example: EXAMPLE_TIME,
  })
  next_attempt_at!: Date | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it was handled, skipped or given up; null while it is pending',
    example: EXAMPLE_TIME,
  })
  finished_at!: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The handler that failed last, and the class of its error',
    example: 'Orders.onPaid: TypeError',
  })
  last_error!: string | null;
}

@PaymentsSchema('StripeEventWithPayload')
export class StripeEventWithPayload extends StripeEventResponse {
  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The event as Stripe sent it; null once its contents were erased',
    example: EXAMPLE_EVENT,
  })
  payload!: Record<string, unknown> | null;
}

@PaymentsSchema('StripeEventListResponse')
export class StripeEventListResponse {
  @ApiProperty({
    type: [StripeEventResponse],
    description: 'Newest first',
    example: [exampleOf(StripeEventResponse)],
  })
  events!: StripeEventResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
    example: 'MTc2OTI0ODgwMDAwMCB0ZXN0IGV2dF8x',
  })
  next_cursor!: string | null;
}

@PaymentsSchema('ReplayStripeEventsRequest')
export class ReplayStripeEventsRequest {
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'invoice.*',
    description: 'Only events of this type, or of all types below a prefix',
  })
  @IsOptional()
  @ValidateBy(
    {
      name: 'eventPattern',
      validator: {
        validate: (value) => typeof value === 'string' && isEventPattern(value) && !holdsCredential(value),
      },
    },
    refusal(
      'out_of_range',
      'This must be a type of event such as invoice.paid, or a prefix such as invoice.*.',
    ),
  )
  type?: string | null;
}

/** Requests that the explorer offers. */
export const REPLAY_EXAMPLES = {
  all: { summary: 'All that failed', value: {} },
  some: { summary: 'Those of invoices', value: { type: 'invoice.*' } },
};

@PaymentsSchema('ReplayedStripeEvents')
export class ReplayedStripeEvents {
  @ApiProperty({ type: 'integer', description: 'How many events will be handled again', example: 3 })
  replayed!: number;
}
