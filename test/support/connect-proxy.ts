import { createServer } from 'node:http';
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';

/** Names below this exist nowhere: only through the proxy is anything behind them. */
export const PROXIED_DOMAIN = 'proxied.test';

/** A proxy for CONNECT on the loopback, behind which every name leads to one plain server, in TLS. */
export interface ConnectProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** The certificate to trust, PEM. */
  readonly certificate: string;
  /** What was asked for, in order: `host:port`, and the header Proxy-Authorization. */
  readonly requests: { authority: string; authorization: string | undefined }[];
  stop(): void;
}

/** @param target address of the plain server */
export async function startConnectProxy(target: string): Promise<ConnectProxy> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: PROXIED_DOMAIN }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: `*.${PROXIED_DOMAIN}` }] },
    ],
  });
  const sockets = new Set<Socket>();
  const follow = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  };
  const front = createTlsServer({ cert, key }, (socket) => {
    const upstream = connectTcp(Number(new URL(target).port), '127.0.0.1');
    [socket, upstream].forEach(follow);
    socket.pipe(upstream).pipe(socket);
  });
  const requests: ConnectProxy['requests'] = [];
  const proxy = createServer((_request, response) => response.writeHead(405).end());
  proxy.on('connect', ({ url = '', headers }, client: Socket) => {
    requests.push({ authority: url, authorization: headers['proxy-authorization'] });
    const upstream = connectTcp((front.address() as AddressInfo).port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    [client, upstream].forEach(follow);
  });
  for (const server of [front, proxy]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  }
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    certificate: cert,
    requests,
    stop() {
      for (const socket of sockets) socket.destroy();
      front.close();
      proxy.close();
    },
  };
}
