/** What is behind an error: its cause, or of a connection that failed at several addresses the error of the first. */
export function innerErrorOf(error: Error): unknown {
  return error instanceof AggregateError ? (error.errors as unknown[])[0] : error.cause;
}
