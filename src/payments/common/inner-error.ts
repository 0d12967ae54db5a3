/** The inner error: the cause, or the first one of a connection that failed at several addresses. */
export function innerErrorOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause;
}
