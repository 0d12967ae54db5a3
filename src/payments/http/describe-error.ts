/** What may be logged of an error. */
export interface ErrorDescription {
  error: string;
  /** A system's or PostgreSQL's code. */
  errorCode?: string;
  /** Where it was thrown, without the message above it. */
  stack?: string[];
}

/**
 * Describes an error for the log by what can hold no input: its class, its code and its stack frames. Messages are
 * left out, because those of JSON parsers and database drivers repeat values.
 */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof Error)) return { error: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const frames = framesOf(error);
  return {
    error: error.constructor.name,
    ...(code !== undefined && /^[A-Za-z0-9_]{1,40}$/.test(code) && { errorCode: code }),
    ...(frames.length > 0 && { stack: frames }),
  };
}

/** The frames are what stands behind the message, because a line of the message may look like one. */
function framesOf({ message, stack }: Error): string[] {
  // Whoever threw it may have put anything there.
  if (typeof stack !== 'string') return [];
  const start = stack.indexOf(message);
  if (start === -1) return [];
  const lines = stack.slice(start + message.length).split('\n');
  return lines.filter((line) => /^\s+at /.test(line)).map((line) => line.trim());
}
