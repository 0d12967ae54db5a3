import { PaymentsError } from '../../domain/errors.js';

/** A method that a path does not offer. */
export class MethodNotAllowed extends PaymentsError {
  override name = 'MethodNotAllowed';

  /** @param allowed the methods that the path offers, for the `Allow` header */
  constructor(readonly allowed: readonly string[]) {
    super(
      'method_not_allowed',
      'This address does not offer that method; the Allow header lists those it does.',
    );
  }
}
