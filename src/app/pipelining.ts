import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests of one connection are handled concurrently. */
const MAX_AT_ONCE = 16;
/** More than one read can contain (64 KiB): a connection with more waiting requests was read further, and is closed. */
const MAX_WAITING = 8_192;

interface Connection {
  running: number;
  /** Requests that arrived in the same chunk as earlier ones. */
  waiting: [IncomingMessage, ServerResponse][];
  /** The newest unfinished answer, after which something else may be written. */
  last: ServerResponse | undefined;
}

const CONNECTIONS = new WeakMap<Socket, Connection>();

/**
 * Limits the concurrent requests of a connection, and stops reading it until some are answered. Node itself
 * handles everything that a client sends without waiting for answers.
 */
export function boundPipelining(handler: RequestListener): RequestListener {
  const handOn = (connection: Connection, request: IncomingMessage, response: ServerResponse): void => {
    connection.running += 1;
    response.once('close', () => {
      connection.running -= 1;
      if (connection.last === response) connection.last = undefined;
      if (!request.socket.writable) connection.waiting = [];
      const next = connection.waiting.shift();
      if (next !== undefined) handOn(connection, ...next);
      // Its body may not have arrived yet.
      if (connection.waiting.length === 0 && !request.socket.destroyed) request.socket.resume();
    });
    handler(request, response);
  };
  return (request, response) => {
    const { socket } = request;
    const connection = CONNECTIONS.get(socket) ?? watch(socket);
    connection.last = response;
    if (connection.running < MAX_AT_ONCE) handOn(connection, request, response);
    else if (connection.waiting.length < MAX_WAITING) {
      connection.waiting.push([request, response]);
      socket.pause();
    } else socket.destroy();
  };
}

/**
 * Node resumes a connection at the end of each request, to read a body, and after an answer: prevented while requests
 * wait. Everything that they need has arrived, except the last one's body.
 */
function watch(socket: Socket): Connection {
  const connection: Connection = { running: 0, waiting: [], last: undefined };
  CONNECTIONS.set(socket, connection);
  socket.on('resume', () => {
    if (connection.waiting.length > 0) socket.pause();
  });
  return connection;
}

/** The newest pending answer of a connection; undefined: none. */
export function pendingAnswer(socket: Socket): ServerResponse | undefined {
  return CONNECTIONS.get(socket)?.last;
}
