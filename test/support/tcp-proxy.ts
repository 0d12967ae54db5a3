import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A proxy on the loopback that can fail in the ways a network and a server do. */
export interface TcpProxy {
  /** The address it was made for, with the proxy's host and port instead. */
  readonly url: string;
  /** Lets everything through again; connections that lost something in the black hole stay dead. */
  pass(): Promise<void>;
  /** Cuts what is connected and refuses what is new. */
  refuse(): Promise<void>;
  /** Accepts, and swallows whatever is sent in either direction, that a side is gone included. */
  blackHole(): void;
  /**
   * Lets the next chunk from the client that holds the text through, and cuts the connection when the server answers
   * it, so that the answer is lost.
   *
   * @returns a promise that resolves once that has happened
   */
  loseAnswerTo(text: string): Promise<void>;
  /**
   * Lets the next chunk from the client that holds the text through, and keeps what the server says on that connection
   * until {@link pass}.
   *
   * @returns a promise that resolves once the chunk has passed
   */
  delayAnswersTo(text: string): Promise<void>;
  close(): Promise<void>;
}

const REBIND_ATTEMPTS = 50;

/**
 * @param target address of a PostgreSQL
 * @param change what the client gets in place of what the server says
 * @param changeBack what the server gets in place of what the client says
 */
export async function startTcpProxy(
  target: string,
  change: (fromServer: Buffer) => Buffer = (chunk) => chunk,
  changeBack: (fromClient: Buffer) => Buffer = (chunk) => chunk,
): Promise<TcpProxy> {
  const address = new URL(target);
  const upstreamPort = Number(address.port || 5432);
  const sockets = new Set<Socket>();
  let swallowing = false;
  let doomed: { text: string; done: () => void } | undefined;
  let delayed: { text: string; done: () => void } | undefined;
  const held = new Set<Socket>();

  const server = createServer((client) => {
    const upstream = connect(upstreamPort, address.hostname);
    /** Something was swallowed, so that neither side can make sense of the rest. */
    let dead = false;
    let losing: (() => void) | undefined;
    const end = (): void => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        sockets.delete(socket);
      }
    };
    const lose = (socket: Socket): void => {
      dead ||= swallowing;
      // A black hole swallows the end of a connection as well: the other side does not learn of it.
      if (dead) sockets.delete(socket);
      else end();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {
        lose(socket);
      });
      socket.on('close', () => {
        lose(socket);
      });
    }
    client.on('data', (chunk) => {
      dead ||= swallowing;
      if (dead) return;
      if (doomed !== undefined && chunk.includes(doomed.text)) {
        losing = doomed.done;
        doomed = undefined;
      }
      if (delayed !== undefined && chunk.includes(delayed.text)) {
        upstream.pause();
        held.add(upstream);
        delayed.done();
        delayed = undefined;
      }
      upstream.write(changeBack(chunk));
    });
    upstream.on('data', (chunk) => {
      dead ||= swallowing;
      if (losing !== undefined) {
        losing();
        end();
      } else if (!dead) {
        client.write(change(chunk));
      }
    });
  });
  await listen(server, 0);
  const { port } = server.address() as AddressInfo;

  async function refuse(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  }

  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    async pass() {
      swallowing = false;
      doomed = delayed = undefined;
      for (const upstream of held) upstream.resume();
      held.clear();
      if (!server.listening) await listen(server, port);
    },
    refuse,
    blackHole() {
      swallowing = true;
    },
    loseAnswerTo(text) {
      return new Promise((done) => {
        doomed = { text, done };
      });
    },
    delayAnswersTo(text) {
      return new Promise((done) => {
        delayed = { text, done };
      });
    },
    close: refuse,
  };
}

/** Somebody's outgoing connection may pass through a port that was given up for a moment. */
async function listen(server: Server, port: number): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    server.listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
      return;
    } catch (error) {
      if (attempt === REBIND_ATTEMPTS) throw error;
      await delay(100);
    }
  }
}
