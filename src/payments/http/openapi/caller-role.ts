import type { ApiPropertyOptions } from '@nestjs/swagger';
import { PROJECT_ROLES } from '../../domain/project-access.js';

/** Documents what the caller may do in a project. */
export const CALLER_ROLE = {
  type: String,
  enum: [...PROJECT_ROLES],
  description: 'What the caller may do in the project',
  example: 'owner',
} satisfies ApiPropertyOptions;
