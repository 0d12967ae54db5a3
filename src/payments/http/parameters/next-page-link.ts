import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { map, type Observable } from 'rxjs';

/** An answer whose body has no place for a cursor, with the start of the next page. */
export interface LinkedPage<Body> {
  body: Body;
  limit: number;
  /** Undefined on the last page. */
  nextCursor: string | undefined;
}

/** Documents the header. */
export const NEXT_PAGE_HEADER = {
  Link: {
    description: 'The next page (RFC 8288), relative to the address that was asked; absent on the last page',
    schema: { type: 'string' as const },
    example: '<?limit=100&cursor=djI>; rel="next"',
  },
};

/**
 * Sends a {@link LinkedPage}: its body as it is, and the address of the next page in the header `Link`. The address is a query
 * alone, so that it is correct behind every proxy and prefix, and nothing of the request is repeated in it.
 */
@Injectable()
export class NextPageLink implements NestInterceptor<LinkedPage<unknown>, unknown> {
  constructor(private readonly adapterHost: HttpAdapterHost) {}

  intercept(context: ExecutionContext, next: CallHandler<LinkedPage<unknown>>): Observable<unknown> {
    const response: unknown = context.switchToHttp().getResponse();
    return next.handle().pipe(
      map(({ body, limit, nextCursor }) => {
        if (nextCursor !== undefined) {
          const link = `<?limit=${limit}&cursor=${nextCursor}>; rel="next"`;
          this.adapterHost.httpAdapter.setHeader(response, 'Link', link);
        }
        return body;
      }),
    );
  }
}
