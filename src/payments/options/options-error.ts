/** A wrong set-up, with every wrong option by its name and how to fix it. */
export class PaymentsOptionsError extends Error {
  override name = 'PaymentsOptionsError';

  constructor(
    readonly faults: readonly string[],
    options?: { cause?: unknown },
  ) {
    super(
      ['The options of PaymentsModule are wrong:', ...faults.map((fault) => `- ${fault}`)].join('\n'),
      options,
    );
  }
}
