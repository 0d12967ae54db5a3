import { inspect } from 'node:util';

const SHOWN = '[secret]';

/**
 * A plaintext secret that does not show itself: `toString`, `toJSON` and `util.inspect` all print `[secret]`.
 * Only {@link Secret.reveal} gives the text, so every place that reads a secret can be found by that name.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The plaintext. Never log it, and never store it beyond the call that needs it. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
