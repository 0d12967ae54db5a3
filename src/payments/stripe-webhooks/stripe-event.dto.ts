import { ApiProperty } from '@nestjs/swagger';
import type { Mode } from '../stripe-config/stripe-keys.js';
import { EVENT_STATUSES, type EventStatus } from './stripe-event.entity.js';

export class StripeEventResponse {
  @ApiProperty({ example: 'evt_1', description: 'Stripe’s id' })
  id!: string;

  @ApiProperty({ enum: ['test', 'live'] })
  mode!: Mode;

  @ApiProperty({ example: 'invoice.paid' })
  type!: string;

  @ApiProperty({ type: String, nullable: true, description: 'The Stripe object that it is about' })
  object_id!: string | null;

  @ApiProperty({ description: 'When Stripe made it, to a second' })
  created_at!: Date;

  @ApiProperty({ description: 'When it was received first' })
  received_at!: Date;

  @ApiProperty({
    enum: EVENT_STATUSES,
    description:
      '`pending`: waits for its handlers; `handled`; `skipped`: no handler wants it; `failed`: given up after too many attempts',
  })
  status!: EventStatus;

  @ApiProperty({ type: 'integer', description: 'How often handling it was begun' })
  attempts!: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Null unless it is pending',
  })
  next_attempt_at!: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'Null while it is pending' })
  finished_at!: Date | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The handler that failed last, and the class of its error',
  })
  last_error!: string | null;
}

export class StripeEventWithPayload extends StripeEventResponse {
  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The event as Stripe sent it' })
  payload!: Record<string, unknown>;
}

export class StripeEventListResponse {
  @ApiProperty({ type: [StripeEventResponse], description: 'Newest first' })
  events!: StripeEventResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The cursor of the next page; null on the last one',
  })
  next_cursor!: string | null;
}

export class ReplayedStripeEvents {
  @ApiProperty({ type: 'integer', description: 'How many events will be handled again' })
  replayed!: number;
}
