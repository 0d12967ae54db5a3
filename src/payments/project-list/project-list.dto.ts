import { ApiProperty } from '@nestjs/swagger';
import { renamedRecordOf } from '../common/record-of.js';
import { MODES, type Mode } from '../domain/credentials.js';
import type { AccessibleProject } from '../domain/project-access.js';
import {
  configuredAt,
  PROJECT_ID,
  EXAMPLE_TIME,
  exampleOf,
  hasCredentials,
} from '../http/openapi/api-documentation.js';
import { CALLER_ROLE } from '../http/openapi/caller-role.js';
import { PaymentsSchema, schemaClass } from '../http/openapi/schema-class.js';

/** A project of the caller, and what is configured for it. */
export type ProjectPaymentConfigResponse = Omit<AccessibleProject<string>, 'isActive' | 'createdAt'> &
  Record<`has_${Mode}_credentials`, boolean> &
  Record<`${Mode}_configured_at`, Date | null> & {
    has_payment_config: boolean;
    is_active: boolean;
    created_at: Date;
  };

export const ProjectPaymentConfigResponse = schemaClass<ProjectPaymentConfigResponse>(
  'ProjectPaymentConfigResponse',
  {},
  {
    id: PROJECT_ID,
    name: { type: String, description: 'What the project is called', example: 'My shop' },
    description: {
      type: String,
      required: false,
      nullable: true,
      description: 'What the project is for',
      example: 'Shoes and bags',
    },
    has_payment_config: {
      type: Boolean,
      description: 'Whether the project has an active Stripe configuration',
      example: true,
    },
    ...renamedRecordOf(MODES, (mode) => `has_${mode}_credentials`, hasCredentials),
    ...renamedRecordOf(MODES, (mode) => `${mode}_configured_at`, configuredAt),
    role: { ...CALLER_ROLE, required: false },
    is_active: { type: Boolean, description: 'Whether the project itself is active', example: true },
    created_at: {
      type: String,
      format: 'date-time',
      description: 'When the project was created',
      example: EXAMPLE_TIME,
    },
  },
);

@PaymentsSchema('ProjectPaymentConfigListResponse')
export class ProjectPaymentConfigListResponse {
  @ApiProperty({
    type: [ProjectPaymentConfigResponse],
    description: 'Oldest first',
    example: [exampleOf(ProjectPaymentConfigResponse)],
  })
  projects!: ProjectPaymentConfigResponse[];

  @ApiProperty({
    type: 'integer',
    description: 'How many projects the caller has, on whatever page',
    example: 1,
  })
  total!: number;
}
