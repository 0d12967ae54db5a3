import {
  HttpStatus,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';
import { rawRequestOf, requestOf, type HttpRequest } from '../http/http-request.js';
import { entityTag } from '../domain/preconditions.js';
import { preconditionsOf } from '../http/parameters/preconditions.js';
import type { StripeConfigResponse } from './stripe-config.dto.js';
import { configuredTimesOf, credentialFlagsOf, type StripeConfigView } from './stripe-config.view.js';
import { isMaskOf } from '../domain/credential-rules.js';
import { renamedRecordOf } from '../common/record-of.js';
import { CREDENTIAL_FIELDS, type CredentialField } from '../domain/credentials.js';

/**
 * The last gate before a configuration leaves: named members only, and where a mask belongs nothing but a mask.
 * A null is sent as JSON, where the HTTP adapters would send an empty body. The version leaves as the entity tag.
 */
@Injectable()
export class MaskingInterceptor implements NestInterceptor<StripeConfigView | null | undefined, unknown> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  intercept(
    context: ExecutionContext,
    next: CallHandler<StripeConfigView | null | undefined>,
  ): Observable<StripeConfigResponse | string | undefined> {
    const response: unknown = context.switchToHttp().getResponse();
    const { httpAdapter } = this.adapterHost;
    return next.handle().pipe(
      map((row) => {
        if (row === undefined) return undefined;
        if (row === null) {
          httpAdapter.setHeader(response, 'Content-Type', 'application/json; charset=utf-8');
          return 'null';
        }
        httpAdapter.setHeader(response, 'ETag', entityTag(row.version));
        if (!isNotModified(requestOf(context), row)) return toResponse(row);
        httpAdapter.status(response, HttpStatus.NOT_MODIFIED);
        return undefined;
      }),
    );
  }
}

/** Whether a reader has this version already. */
function isNotModified(request: HttpRequest, row: StripeConfigView): boolean {
  if (rawRequestOf(request).method === 'PUT') return false;
  const { ifNoneMatch } = preconditionsOf(request);
  return ifNoneMatch === 'any' || (ifNoneMatch?.includes(row.version) ?? false);
}

/**
 * Shows a row.
 *
 * @throws Error when a column of masks holds anything else, whatever put it there
 */
export function toResponse(row: StripeConfigView): StripeConfigResponse {
  return {
    id: row.id,
    project_id: row.project_id,
    is_active: row.is_active,
    ...credentialFlagsOf(row),
    ...renamedRecordOf(
      CREDENTIAL_FIELDS,
      (field) => `${field}_masked`,
      (field) => mask(row, field),
    ),
    ...configuredTimesOf(row),
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}

function mask(row: StripeConfigView, field: CredentialField): string | null {
  const shown = row[`${field}_masked`];
  if (shown !== null && !isMaskOf(field, shown)) throw new Error(`the mask of ${field} is not one`);
  return shown;
}
