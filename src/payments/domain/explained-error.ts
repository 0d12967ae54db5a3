/** An error whose message is a text of our own without any input, so that it may be logged and shown to operators. */
export class ExplainedError extends Error {
  override name = 'ExplainedError';
}
