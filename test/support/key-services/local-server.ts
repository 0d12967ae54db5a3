import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface Received {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a server answers; a body that is no text goes out as JSON. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Comes back in every error text of a local server, to be looked for where it must not be. */
export const SERVER_SAYS = 'words-of-the-server';

/** A plain-http server on this machine that stands in for a key service. */
export class LocalServer {
  /** Every request since the start. */
  readonly requests: Received[] = [];
  /** Answers instead of the service when set; `'hang'` never answers. Given what the service would have said. */
  overrule: ((honest: Answer, request: Received) => Answer | 'hang') | undefined;
  /** How many requests must have come before any is answered. */
  gather = 1;

  readonly #server: Server;
  #waiting: (() => void)[] = [];

  private constructor(service: (request: Received) => Answer) {
    this.#server = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('end', () => {
        const { method = '', url = '', headers } = message;
        const request = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
        this.requests.push(request);
        const honest = service(request);
        const answer = this.overrule?.(honest, request) ?? honest;
        if (answer === 'hang') return;
        this.#waiting.push(() => {
          response.writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers });
          response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
        });
        if (this.#waiting.length < this.gather) return;
        for (const send of this.#waiting) send();
        this.#waiting = [];
      });
    });
  }

  static async start(service: (request: Received) => Answer): Promise<LocalServer> {
    const local = new LocalServer(service);
    local.#server.listen(0, '127.0.0.1');
    await once(local.#server, 'listening');
    return local;
  }

  /** `http://127.0.0.1:port` */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends the server and every connection to it. May be called again. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
