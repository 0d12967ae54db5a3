import type { ErrorCode } from '../../domain/errors.js';

/** The codes of {@link ErrorCode}, and those that only a server has. */
export type AnswerCode =
  | ErrorCode
  | 'not_found'
  | 'malformed_request'
  | 'request_timeout'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'method_not_implemented'
  | 'internal_error';

/** The answer of a code. */
export interface AnswerKind {
  status: number;
  title: string;
  /** A sentence that answers of this kind have, for the documentation. */
  example: string;
  /** What the caller does about it, for the documentation. */
  fix: string;
  /** Headers that the standards require with this answer. */
  headers?: Record<string, string>;
}
