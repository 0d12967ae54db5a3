import type { AnswerCode, AnswerKind } from './answer-code.js';

/** As RFC 6750 section 3 has it. */
const INVALID_TOKEN = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };

/** Errors of what only the standalone service has: projects of its own, their members, and service tokens. */
export const SERVICE_ANSWERS = {
  project_limit_reached: {
    status: 409,
    title: 'Too many projects',
    example:
      'You have as many projects as this service allows, deleted ones included; use one of them, or ask its operator for more.',
    fix: 'Use one of the projects, or have the operator raise `MAX_PROJECTS_PER_OWNER`.',
  },
  member_limit_reached: {
    status: 409,
    title: 'Too many members',
    example: 'The project has as many members as it may have; remove one first.',
    fix: 'Remove a member of the project who needs it no longer.',
  },
  creator_stays_owner: {
    status: 409,
    title: 'The creator stays an owner',
    example: 'Who created the project is its owner for good, and can be neither demoted nor removed.',
    fix: 'Make others owners beside the creator, or delete the project.',
  },
  member_not_found: {
    status: 404,
    title: 'Member not found',
    example: 'The project has no such member.',
    fix: 'Check the subject, percent-encoded as one segment of the path; `GET …/members` lists them.',
  },
  service_token_invalid: {
    status: 401,
    title: 'Invalid service token',
    example: 'There is no such service token; check that it was copied whole.',
    fix: 'Copy the whole token, `nsc_` and 49 letters and digits, or make another one.',
    headers: INVALID_TOKEN,
  },
  service_token_expired: {
    status: 401,
    title: 'Expired service token',
    example: 'The service token has expired; make another one.',
    fix: 'Make another service token; `GET …/service-tokens` shows when each expires.',
    headers: INVALID_TOKEN,
  },
  service_token_revoked: {
    status: 401,
    title: 'Revoked service token',
    example: 'The service token was revoked; make another one if it is still needed.',
    fix: 'Ask who revoked it, as `GET …/access-history` says; make another one if it is still needed.',
    headers: INVALID_TOKEN,
  },
  service_token_refused: {
    status: 403,
    title: 'Not for service tokens',
    example: 'A service token may not do this; use the access token of a person.',
    fix: 'Sign in, and use your own access token: members, service tokens and projects are changed by people alone.',
  },
  service_token_not_found: {
    status: 404,
    title: 'Service token not found',
    example: 'The project has no such service token.',
    fix: 'Check the id; `GET …/projects/{project_id}/service-tokens` lists those of the project, `GET /api/v1/service-tokens` those that you have made.',
  },
  service_token_limit_reached: {
    status: 409,
    title: 'Too many service tokens',
    example: 'The project has as many service tokens as it may have; revoke one first.',
    fix: 'Revoke a service token of the project that is used no longer: `last_used_at` says when each was.',
  },
} satisfies Partial<Record<AnswerCode, AnswerKind>>;
