import type { RequestListener } from 'node:http';
import cors from 'cors';
import type { AnswerContext } from './node-answers.js';
import { headersFor } from './response-headers.js';
import { measureRefusal } from './telemetry/request-metrics.js';

/** What pages send. They have no cookies of ours: an access token stands in a header, which only their code can set. */
const SENT = ['Authorization', 'Content-Type', 'If-Match', 'If-None-Match'];
/** What pages may read of an answer, beside the few headers that browsers always show. */
const READ = ['ETag', 'Link', 'Retry-After', 'WWW-Authenticate', 'X-Request-Id'];
/** How long a browser need not ask again, in seconds. */
const REMEMBERED_SECONDS = 600;

/**
 * Lets pages of other origins call the service, and answers what browsers ask before (the preflight requests of the Fetch
 * standard). In front of everything, since a page learns of a refusal, too, only by the same headers.
 *
 * @param context `origins`: as browsers write them; without any, nothing is changed
 */
export function allowOrigins(handler: RequestListener, context: AnswerContext): RequestListener {
  const { origins = [] } = context;
  if (origins.length === 0) return handler;
  const allow = cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
    allowedHeaders: SENT,
    exposedHeaders: READ,
    maxAge: REMEMBERED_SECONDS,
  });
  return (request, response) => {
    const { origin = '', 'access-control-request-method': asked } = request.headers;
    // Also where it has no origin: a cache must not give that answer to a page.
    response.setHeader('Vary', 'Origin');
    // The library would answer every OPTIONS.
    if (!origins.includes(origin) || (request.method === 'OPTIONS' && asked === undefined)) {
      handler(request, response);
      return;
    }
    if (request.method === 'OPTIONS') {
      for (const [name, value] of Object.entries(headersFor(context.requestIdOf(request)))) {
        response.setHeader(name, value);
      }
      measureRefusal(request.method, 204);
    }
    allow(request, response, () => {
      handler(request, response);
    });
  };
}
