import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ValidateBy } from 'class-validator';
import { EXAMPLE_WEBHOOK_URL, wordOrNull } from '../http/openapi/api-documentation.js';
import { PaymentsSchema } from '../http/openapi/schema-class.js';
import { refusal } from '../http/body/request-body.pipe.js';
import type { ValidationItem } from '../domain/errors.js';
import { isEventType } from '../domain/event-type.js';
import { DEFAULT_EVENT_TYPES, type WebhookEndpointView } from './endpoint-view.js';

const MAX_EVENT_TYPES = 200;

/** What 422 lists where the types are none. */
export const NOT_A_LIST: ValidationItem = {
  loc: ['body', 'event_types'],
  msg: `This must be a list of 1 to ${MAX_EVENT_TYPES} event types such as invoice.paid, or ["*"].`,
  type: 'not_a_list',
};

@PaymentsSchema('WebhookEndpointRequest', { additionalProperties: false })
export class WebhookEndpointRequest {
  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: MAX_EVENT_TYPES,
    default: DEFAULT_EVENT_TYPES,
    description: 'The types of events that Stripe shall send; `*` for all',
    example: ['invoice.paid', 'charge.refunded'],
  })
  @ValidateBy(
    { name: 'eventTypes', validator: { validate: isListOfTypes } },
    refusal(NOT_A_LIST.type, NOT_A_LIST.msg),
  )
  event_types: string[] = DEFAULT_EVENT_TYPES;
}

function isListOfTypes(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_EVENT_TYPES) return false;
  return value.every((type) => typeof type === 'string' && (type === '*' || isEventType(type)));
}

/** Requests that the explorer offers. */
export const WEBHOOK_ENDPOINT_EXAMPLES = {
  default: { summary: 'The usual events', value: {} },
  chosen: { summary: 'Chosen events', value: { event_types: ['invoice.paid', 'charge.refunded'] } },
};

@PaymentsSchema('WebhookEndpointResponse')
export class WebhookEndpointResponse {
  @ApiProperty({
    enum: ['enabled', 'disabled', 'missing'],
    description: 'How it stands in Stripe; `missing`: there is no endpoint of this URL',
    example: 'enabled',
  })
  state!: WebhookEndpointView['state'];

  @ApiProperty({
    type: String,
    nullable: true,
    example: 'we_1',
    description: 'Stripe’s id; null when missing',
  })
  id!: string | null;

  @ApiProperty({ description: 'The URL that Stripe sends to', example: `${EXAMPLE_WEBHOOK_URL}/test` })
  url!: string;

  @ApiProperty({
    ...wordOrNull(['service', 'hand']),
    example: 'service',
    description: 'Only one made by the service is ever removed by it',
  })
  made_by!: 'service' | 'hand' | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The version of Stripe’s API that its events have',
    example: '2026-10-28.endive',
  })
  api_version!: string | null;

  @ApiProperty({
    type: [String],
    description: 'The types of events that Stripe sends',
    example: ['charge.refunded', 'invoice.paid'],
  })
  event_types!: string[];

  @ApiProperty({
    type: [String],
    description: 'Types that were asked for and that it does not send',
    example: ['charge.dispute.created'],
  })
  missing_event_types!: string[];

  @ApiProperty({
    type: [String],
    description:
      'Further endpoints of the same URL, whose webhooks cannot be verified; remove them in Stripe',
    example: ['we_2'],
  })
  other_endpoint_ids!: string[];
}
