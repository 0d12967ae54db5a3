import { errorAnswer } from './error-answer.js';
import { ANSWERS } from './error-catalogue.js';
import type { AnswerCode } from './answer-code.js';

/** The table of behaviour.md, and what only a server answers. */
const TABLE: Record<string, [status: number, headers?: Record<string, string>]> = {
  not_authenticated: [401, { 'WWW-Authenticate': 'Bearer' }],
  invalid_token: [401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }],
  insufficient_scope: [403, { 'WWW-Authenticate': 'Bearer error="insufficient_scope"' }],
  not_project_owner: [403],
  insufficient_role: [403],
  access_denied: [403],
  project_not_found: [404],
  config_not_found: [404],
  malformed_body: [400],
  unsupported_media_type: [415],
  body_too_large: [413],
  method_not_allowed: [405],
  validation_failed: [422],
  secret_unreadable: [409],
  invalid_signature: [400],
  stale_signature: [400],
  unreadable_event: [400],
  wrong_mode_event: [400],
  webhook_not_found: [404],
  event_not_found: [404],
  credentials_missing: [409],
  event_not_replayable: [409],
  stripe_refused: [409],
  webhook_endpoint_limit: [409],
  project_limit_reached: [409],
  member_limit_reached: [409],
  creator_stays_owner: [409],
  member_not_found: [404],
  service_token_invalid: [401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }],
  service_token_expired: [401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }],
  service_token_revoked: [401, { 'WWW-Authenticate': 'Bearer error="invalid_token"' }],
  service_token_refused: [403],
  service_token_not_found: [404],
  service_token_limit_reached: [409],
  stripe_unavailable: [502, { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) as string }],
  stripe_timeout: [504, { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) as string }],
  version_conflict: [412],
  rate_limited: [429],
  dependency_unavailable: [503, { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) as string }],
  write_outcome_unknown: [503, { 'Retry-After': expect.stringMatching(/^[1-9]\d*$/) as string }],
  internal_error: [500],
  not_found: [404],
  malformed_request: [400],
  request_timeout: [408],
  expectation_failed: [417],
  headers_too_large: [431],
  method_not_implemented: [501],
};
const REQUEST_ID = '3c90c3cc-0d44-4b50-8888-8dd25736052a';
const CODES = Object.keys(ANSWERS) as AnswerCode[];
const ITEMS = [{ loc: ['body', 'test_secret_key'], msg: 'The value is empty.', type: 'empty' }];

it('knows every code of the table', () => {
  const missing = Object.keys(TABLE).filter((code) => !(CODES as string[]).includes(code));
  expect(missing).toEqual([]);
});

it.each(CODES)('answers %s with the status and the headers of the table', (code) => {
  const [status, headers] = TABLE[code] ?? [];
  const answer = errorAnswer(code, 'A sentence.', REQUEST_ID, undefined);
  expect(answer.status).toBe(status);
  expect(answer.headers).toEqual({
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    ...headers,
  });
  expect(answer.body).toEqual({
    detail: 'A sentence.',
    type: `urn:nest-stripe-config:error:${code}`,
    title: expect.stringMatching(/^[A-Z][A-Za-z ]+$/) as string,
    status,
    code,
    instance: `urn:uuid:${REQUEST_ID}`,
  });
});

it('puts the list of a 422 in detail, as documented', () => {
  const { body } = errorAnswer('validation_failed', 'A sentence.', REQUEST_ID, 'application/json', ITEMS);
  expect(body.detail).toBe(ITEMS);
  expect(body).not.toHaveProperty('errors');
});

it('puts the list of a 422 beside a sentence, as a problem', () => {
  const { headers, body } = errorAnswer(
    'validation_failed',
    'A sentence.',
    REQUEST_ID,
    'application/problem+json',
    ITEMS,
  );
  expect(headers['Content-Type']).toBe('application/problem+json');
  expect(body).toMatchObject({ detail: 'A sentence.', errors: ITEMS });
});

it.each([
  [undefined, 'application/json'],
  ['', 'application/json'],
  ['*/*', 'application/json'],
  ['application/json', 'application/json'],
  ['text/html', 'application/json'],
  ['application/problem+json', 'application/problem+json'],
  ['Application/Problem+JSON', 'application/problem+json'],
  ['application/json, application/problem+json;q=0.9', 'application/problem+json'],
])('answers Accept %s with %s', (accept, mediaType) => {
  expect(errorAnswer('not_found', 'A sentence.', REQUEST_ID, accept).headers['Content-Type']).toBe(mediaType);
});
