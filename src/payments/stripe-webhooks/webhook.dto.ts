import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PaymentsSchema } from '../http/openapi/schema-class.js';

/** An event as Stripe sends it, with a snapshot of its object. */
export const EXAMPLE_EVENT = {
  id: 'evt_1',
  object: 'event',
  api_version: '2026-10-28.endive',
  created: 1_769_248_800,
  data: { object: { id: 'in_1', object: 'invoice', customer: 'cus_1', amount_paid: 1200 } },
  livemode: false,
  pending_webhooks: 1,
  request: { id: null, idempotency_key: null },
  type: 'invoice.paid',
};

@PaymentsSchema('StripeWebhookEvent', {
  description: 'An event of Stripe. It may have further fields, which Stripe documents.',
  additionalProperties: true,
})
export class StripeWebhookEvent {
  @ApiProperty({ description: 'Stripe’s id', example: EXAMPLE_EVENT.id })
  id!: string;

  @ApiProperty({
    enum: ['event', 'v2.core.event'],
    description:
      '`event`: with a snapshot of its object in `data`; `v2.core.event`: thin, with `related_object`',
    example: EXAMPLE_EVENT.object,
  })
  object!: string;

  @ApiProperty({ description: 'What happened', example: EXAMPLE_EVENT.type })
  type!: string;

  @ApiProperty({ description: 'Whether it is of the live mode', example: EXAMPLE_EVENT.livemode })
  livemode!: boolean;

  @ApiProperty({
    anyOf: [{ type: 'integer' }, { type: 'string', format: 'date-time' }],
    description: 'When Stripe made it: seconds since 1970, or a time where it is thin',
    example: EXAMPLE_EVENT.created,
  })
  created!: number | string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'The version of Stripe’s API that `data` has',
    example: EXAMPLE_EVENT.api_version,
  })
  api_version?: string | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    description: 'The object that it is about, as it was when the event was made',
    example: EXAMPLE_EVENT.data,
  })
  data?: Record<string, unknown>;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'The object that a thin event is about',
    example: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
  })
  related_object?: Record<string, unknown> | null;
}

/** Requests that the documentation shows. */
export const WEBHOOK_EXAMPLES = {
  snapshot: { summary: 'An event with a snapshot of its object', value: EXAMPLE_EVENT },
  thin: {
    summary: 'A thin event',
    value: {
      id: 'evt_2',
      object: 'v2.core.event',
      type: 'v1.billing.meter.error_report_triggered',
      livemode: false,
      created: '2026-01-24T10:00:00.000Z',
      related_object: { id: 'mtr_1', type: 'billing.meter', url: '/v1/billing/meters/mtr_1' },
    },
  },
};
