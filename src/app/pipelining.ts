import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** How many requests of one connection are worked on at the same time. */
const MAX_AT_ONCE = 16;
/** More than what is read at once can hold (64 KiB): a connection on which more wait was read on, and is closed. */
const MAX_WAITING = 8_192;

interface Connection {
  running: number;
  /** What came in the same piece as those before it. */
  waiting: [IncomingMessage, ServerResponse][];
  /** The newest answer that is not finished, after which something else may be written. */
  last: ServerResponse | undefined;
}

const CONNECTIONS = new WeakMap<Socket, Connection>();

/**
 * Hands on only so many requests of a connection at a time, and reads no more of it until some are answered. Node itself
 * works on all that a client sends without waiting for answers.
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
      // Its body may still have to come.
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
 * Node lets a connection be read at the end of each request, for a body that is read and when an answer has gone out: not
 * while requests wait. All that they still need of it has come, but for the last one's body.
 */
function watch(socket: Socket): Connection {
  const connection: Connection = { running: 0, waiting: [], last: undefined };
  CONNECTIONS.set(socket, connection);
  socket.on('resume', () => {
    if (connection.waiting.length > 0) socket.pause();
  });
  return connection;
}

/** The newest answer that a connection still owes; undefined: none. */
export function pendingAnswer(socket: Socket): ServerResponse | undefined {
  return CONNECTIONS.get(socket)?.last;
}
