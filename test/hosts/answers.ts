import { expectError, expectInvalid, type ExpectedItem } from '../support/errors.js';
import type { TestResponse } from '../support/service.js';

/** Expects an error of the payments module in exactly the documented shape. */
export function expectOurError(response: TestResponse, status: number, code: string, form?: string): void {
  expectError(withRequestId(response), status, code, form);
}

/** Expects a 422 of the payments module with exactly these items. */
export function expectOurInvalid(response: TestResponse, items: readonly ExpectedItem[]): void {
  expectInvalid(withRequestId(response), items);
}

/** A host need not send the header of the request's id, so that only the id's form is known. */
function withRequestId(response: TestResponse): TestResponse {
  const { instance } = (response.json ?? {}) as { instance?: unknown };
  expect(instance).toMatch(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  const headers = new Headers(response.headers);
  headers.set('x-request-id', String(instance).slice('urn:uuid:'.length));
  return { ...response, headers };
}

/** Expects an error as Nest answers it when nobody changes that. */
export function expectNestError({ status, json }: TestResponse, expected: number): void {
  expect({ status, json }).toEqual({
    status: expected,
    json: expect.objectContaining({ statusCode: expected, message: expect.anything() as unknown }) as unknown,
  });
  expect(Object.keys(json as object).filter((name) => !NEST_MEMBERS.has(name))).toEqual([]);
}

const NEST_MEMBERS = new Set(['statusCode', 'message', 'error']);

/** Expects an error as the shop's own filter answers it. */
export function expectShopError({ status, json }: TestResponse, expected: number): void {
  expect({ status, json }).toEqual({
    status: expected,
    json: { shop_error: expected, why: expect.anything() as unknown },
  });
}
