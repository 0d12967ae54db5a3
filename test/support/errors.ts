import type { TestResponse } from './service.js';

/** The two forms in which errors are answered. */
export const JSON_FORM = 'application/json';
export const PROBLEM_FORM = 'application/problem+json';

/** What a 422 says of one part of a request. */
export interface ExpectedItem {
  loc: (string | number)[];
  type: string;
}

const SENTENCE = expect.stringMatching(/^[A-Z].*\.$/) as unknown;

/** Expects an error in exactly the documented shape, without a list. */
export function expectError(response: TestResponse, status: number, code: string, form = JSON_FORM): void {
  expectShape(response, status, code, form, { detail: SENTENCE });
}

/** Expects a 422 with exactly these items, in any order. */
export function expectInvalid(
  response: TestResponse,
  items: readonly ExpectedItem[],
  form = JSON_FORM,
): void {
  const list = inOrder(items).map((item) => ({ ...item, msg: SENTENCE }));
  const name = form === PROBLEM_FORM ? 'errors' : 'detail';
  const json = response.json as Record<string, unknown> | undefined;
  const received =
    json && Array.isArray(json[name]) ? { ...json, [name]: inOrder(json[name] as ExpectedItem[]) } : json;
  expectShape({ ...response, json: received }, 422, 'validation_failed', form, {
    detail: SENTENCE,
    [name]: list,
  });
}

function expectShape(
  { status, headers, json }: TestResponse,
  expectedStatus: number,
  code: string,
  form: string,
  members: object,
): void {
  expect({ status, body: json }).toStrictEqual({
    status: expectedStatus,
    body: {
      ...members,
      type: `urn:nest-stripe-config:error:${code}`,
      title: expect.stringMatching(/^[A-Z]/) as unknown,
      status: expectedStatus,
      code,
      instance: `urn:uuid:${headers.get('x-request-id') ?? 'missing'}`,
    },
  });
  expect(headers.get('content-type')?.split(';')[0]).toBe(form);
  expect(headers.get('cache-control')).toBe('no-store');
}

function inOrder(items: readonly ExpectedItem[]): ExpectedItem[] {
  const rank = ({ loc, type }: ExpectedItem) => JSON.stringify([loc, type]);
  return [...items].sort((a, b) => rank(a).localeCompare(rank(b)));
}
