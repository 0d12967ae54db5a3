/**
 * Gives a call so many milliseconds. What honours the signal is ended with it; what does not is left behind.
 *
 * @param tooLate makes the error that is thrown once they are over
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
      // First, so that the call's own complaint about being ended comes second.
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
