import type { ValidationItem } from '../../payments/domain/errors.js';

/** What the service refused, or could not do: its documented error. */
export class ApiError extends Error {
  override name = 'ApiError';

  /**
   * @param status of the answer; 0: there was none
   * @param code stable, see docs/errors.md; `unreachable` where there was no answer
   * @param detail a sentence for people
   * @param faults of a body, by the field; they hold no piece of what was sent
   * @param retryAfter seconds after which another try may pass
   */
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly faults: readonly ValidationItem[] = [],
    readonly retryAfter?: number,
  ) {
    super(detail);
  }
}

/** The codes of 5xx with which the service says that it has done nothing. */
const NOTHING_DONE: ReadonlySet<string> = new Set(['dependency_unavailable', 'method_not_implemented']);

/**
 * Whether it is not known after an error what became of a change: there was no answer, it could not be read, or it is of something
 * between the service and the page, which may have codes of its own.
 */
export function isUnanswered({ status, code }: Pick<ApiError, 'status' | 'code'>): boolean {
  return status < 400 || (status >= 500 && !NOTHING_DONE.has(code));
}

/**
 * Reads what was answered.
 *
 * @throws ApiError where it breaks off or is not JSON; what was asked for may have been done all the same
 */
export async function bodyOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined;
  try {
    return await response.json();
  } catch {
    throw new ApiError(
      response.status,
      'answer_unreadable',
      'The answer of the service did not arrive whole; check the connection and try again.',
    );
  }
}

/** Reads the documented form, or says what little is known. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = ((await response.json().catch(() => undefined)) ?? {}) as { code?: unknown; detail?: unknown };
  const faults = Array.isArray(body.detail) ? (body.detail as ValidationItem[]) : [];
  const detail =
    typeof body.detail === 'string'
      ? body.detail
      : (faults[0]?.msg ?? `The service answered with status ${response.status}.`);
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  return new ApiError(
    response.status,
    typeof body.code === 'string' ? body.code : 'unknown',
    detail,
    faults,
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

/** Undefined where a host has left the route out; all others are rejected. */
export async function unlessOff<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const isOff = error instanceof ApiError && error.status === 404 && error.code !== 'project_not_found';
    if (isOff) return undefined;
    throw error;
  }
}
