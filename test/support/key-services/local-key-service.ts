import type { KeyServiceOptions } from '../../../src/payments/crypto/key-services/key-service.js';
import type { KeyServiceKey } from '../../../src/payments/crypto/key-services/wrapped-key.js';
import type { Answer, LocalServer } from './local-server.js';

/** A key service on this machine, as the contract needs it. */
export interface LocalKeyService {
  readonly server: LocalServer;
  /** What a key ring says to reach it. */
  readonly key: KeyServiceKey;
  readonly options: KeyServiceOptions;
  /** The service's name in errors. */
  readonly name: RegExp;
  /** The package that must be installed for it. */
  readonly packageName?: string;
  /** Where its official client finds credentials; set for the length of the spec. */
  readonly environment: Readonly<Record<string, string>>;
  /** The same chain with nothing at its end. */
  readonly withoutCredentials: {
    readonly environment: Readonly<Record<string, string>>;
    readonly options: KeyServiceOptions;
  };
  /** Credentials that no error may show. */
  readonly secrets: readonly string[];
  /** How it denies a call. */
  readonly denial: Answer;
  /** How it says that credentials are wrong. */
  readonly unauthenticated: Answer;
  /** How it says that its key is unknown. */
  readonly unknownKey: Answer;
  /** How it says that it cannot serve now. */
  readonly unavailable: Answer;
  /** Answers to unwrap that only this service can get wrong in this way. */
  readonly wrongUnwraps: readonly (readonly [string, (honest: Answer) => Answer])[];
  /** The same of wrap. */
  readonly wrongWraps: readonly (readonly [string, (honest: Answer) => Answer])[];
  stop(): Promise<void>;
}

/** An answer with other members in the JSON object of its body. */
export function withMembers(answer: Answer, members: Readonly<Record<string, unknown>>): Answer {
  return { ...answer, body: { ...(answer.body as Record<string, unknown>), ...members } };
}
