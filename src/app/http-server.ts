import { createServer, type RequestListener, type Server } from 'node:http';

/** Longest a request may take to arrive, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How long a connection may wait for its next request, in milliseconds. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

/** The one place where a server is made, so that its limits hold from the first connection on. */
export function createHttpServer(handler: RequestListener): Server {
  return createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS },
    handler,
  );
}
