import { createServer, type RequestListener, type Server } from 'node:http';
import { listenOn } from '../listen-on.js';

/** Most connections at once: those who scrape are few. */
const MAX_CONNECTIONS = 50;

/** How long a request may take to arrive, and a connection may be idle, in milliseconds. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 75_000,
  maxHeaderSize: 8_192,
};

/** Serves `/metrics`, and nothing else, on a port of its own. */
export class MetricsPage {
  private readonly server: Server;

  /** @param write answers with the metrics of now */
  constructor(write: RequestListener) {
    this.server = createServer(LIMITS, (request, response) => {
      const isPage = request.url?.split('?')[0] === '/metrics';
      if (isPage && (request.method === 'GET' || request.method === 'HEAD')) {
        write(request, response);
        return;
      }
      response.writeHead(isPage ? 405 : 404, { ...(isPage && { Allow: 'GET, HEAD' }), Connection: 'close' });
      response.end();
    });
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  /** @throws ListenError */
  async listen(address: { host: string; port: number }): Promise<string> {
    const url = await listenOn(this.server, address, { port: 'METRICS_PORT', host: 'METRICS_HOST' });
    this.server.unref();
    return `${url}/metrics`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
      this.server.closeAllConnections();
    });
  }
}
