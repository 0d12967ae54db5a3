import type { AnswerCode, AnswerKind } from './answer-code.js';

/** Errors of requests that are no good HTTP, which no operation is asked about. */
export const PROTOCOL_ANSWERS = {
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    example: 'The request is malformed.',
    fix: 'Send well-formed HTTP/1.1: one `Host`, one way of giving the length of the body, and an address without broken percent-encoding.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timed out',
    example: 'The request did not arrive in time; send it again.',
    fix: 'Send the whole request within 30 seconds, its head within 15.',
  },
  expectation_failed: {
    status: 417,
    title: 'Expectation failed',
    example: 'This service meets no expectation but 100-continue; send the request without Expect.',
    fix: 'Leave the header `Expect` out, or send `100-continue`.',
  },
  headers_too_large: {
    status: 431,
    title: 'Headers too large',
    example: 'The address and the headers are too large together; send fewer or shorter ones.',
    fix: 'Send fewer or shorter headers, cookies above all.',
  },
  method_not_implemented: {
    status: 501,
    title: 'Method not implemented',
    example: 'No address of this service offers that method.',
    fix: 'Use a method that the OpenAPI document names.',
  },
} satisfies Partial<Record<AnswerCode, AnswerKind>>;
