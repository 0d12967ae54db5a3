/**
 * Limits the time of a call, in milliseconds. What honours the signal is ended with it; anything else is abandoned.
 *
 * @param tooLate creates the error that is thrown when the time is over
 */
export async function withinDeadline<T>(
  milliseconds: number,
  call: (signal: AbortSignal) => Promise<T>,
  tooLate: () => Error,
): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      // First, so that the call's own abort error comes second.
      reject(tooLate());
      controller.abort();
    }, milliseconds);
  });
  try {
    return await Promise.race([call(controller.signal), deadline]);
  } finally {
    clearTimeout(timer);
  }
}
