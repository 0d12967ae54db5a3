import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

/** Largest body that is read to its end behind an answer that came before it, in bytes, to use the connection again. */
const MAX_DRAINED_BYTES = 64 * 1024;
/** What is still read of a larger one, so that the client comes to read the answer: in bytes, and in milliseconds. */
const LINGER_BYTES = 4 * 1024 * 1024;
const LINGER_MS = 1_000;
/** How long the answer may take until it has left this process, in milliseconds. */
const UNSENT_MS = 30_000;

/** The newest request with a body of each connection. */
const NEWEST = new WeakMap<Socket, IncomingMessage>();

/**
 * Keeps an answer that comes before the body from costing the rest of the body: Node reads on to its end, however long it
 * is, to use the connection again. Where the end is far or not known, such an answer closes the connection.
 */
export function boundUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  const { socket, headers } = request;
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = headers;
  const hasBody = encoding !== undefined || Number(length) > 0;
  // Requests that are injected without a server have no real one.
  if (!hasBody || !(socket instanceof Socket) || NEWEST.get(socket) === request) return;
  if (!NEWEST.has(socket)) lingerWhereUnread(socket);
  NEWEST.set(socket, request);
  if (encoding === undefined && Number(length) <= MAX_DRAINED_BYTES) return;
  const { shouldKeepAlive } = response;
  response.shouldKeepAlive = false;
  request.once('end', () => {
    if (!response.headersSent) response.shouldKeepAlive = shouldKeepAlive;
  });
}

/** Node ends a connection behind its last answer by this. */
function lingerWhereUnread(socket: Socket): void {
  const destroySoon = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    if (NEWEST.get(socket)?.complete === true) destroySoon();
    else linger(socket);
  };
}

/**
 * Ends a connection though the client may still send: says that nothing more comes, and reads on for a moment without
 * looking at it. A connection that is closed with bytes unread is reset, and the client may lose the answer.
 */
export function linger(socket: Socket): void {
  socket.end();
  // The server's parser would take what follows for a request, and answer what is none.
  socket.removeAllListeners('data');
  let read = 0;
  socket.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > LINGER_BYTES) socket.pause();
  });
  socket.resume();
  const destroy = (): void => {
    socket.destroy();
  };
  let limit = setTimeout(destroy, UNSENT_MS);
  // From when the answer is on its way, which a slow reader makes wait.
  socket.once('finish', () => {
    clearTimeout(limit);
    limit = setTimeout(destroy, LINGER_MS);
  });
  socket.once('close', () => {
    clearTimeout(limit);
  });
}
