import type { Caller } from '../http-request.js';

/** Injection token of what verifies service tokens, where there are such tokens: in the standalone service. */
export const SERVICE_TOKENS = Symbol('ServiceTokens');

/** The metadata of a handler: whether callers may have service tokens. Where it is not set they may not. */
export const ACCEPTS_SERVICE_TOKENS = Symbol('AcceptsServiceTokens');

/** Verifies tokens that the application itself has made for programs. */
export interface ServiceTokenVerifier {
  /** Whether a text is meant for one: it is none of an identity provider. */
  looksLikeOne(token: string): boolean;
  /** @throws PaymentsError `service_token_invalid`, `service_token_expired` or `service_token_revoked` */
  verify(token: string): Promise<Caller>;
  /** Whether a subject is one that only service tokens have. */
  isSubject(subject: string): boolean;
}
