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

/** Reads the documented form, or says what little is known. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: unknown };
  const faults = Array.isArray(body.detail) ? (body.detail as ValidationItem[]) : [];
  const detail =
    typeof body.detail === 'string'
      ? body.detail
      : (faults[0]?.msg ?? `The service answered with status ${response.status}.`);
  const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
  return new ApiError(
    response.status,
    body.code ?? 'unknown',
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
