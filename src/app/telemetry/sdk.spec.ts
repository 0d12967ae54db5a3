import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { eventually } from '../../../test/support/eventually.js';
import { count } from '../../payments/telemetry/meter.js';
import { openSdk } from './sdk.js';

const ENDPOINT = 'OTEL_EXPORTER_OTLP_ENDPOINT';
/** Longer than the interval, and no longer than the end of the spec may take. */
const TIMEOUT = 'OTEL_EXPORTER_OTLP_TIMEOUT';
/** Short, and long enough that the exports which are on their way at once do not come to their own limit. */
const INTERVAL_MS = 300;

let collector: Server;
const sockets: Socket[] = [];

async function listen(onConnection: (socket: Socket) => void): Promise<void> {
  collector = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  process.env[TIMEOUT] = '1000';
  process.env[ENDPOINT] = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
}
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  collector.close();
  for (const name of [ENDPOINT, TIMEOUT]) Reflect.deleteProperty(process.env, name);
  for (const api of [metrics, trace, context, propagation]) api.disable();
});

it.each<[string, ((socket: Socket) => void) | undefined]>([
  ['never answers', (socket) => socket.resume()],
  [
    'never ends its answer',
    (socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'));
      const sending = setInterval(() => socket.write('1\r\nx\r\n'), 50);
      socket.once('close', () => {
        clearInterval(sending);
      });
    },
  ],
  ['is not there', undefined],
])('a collector that %s is logged', async (_, onConnection) => {
  await listen(onConnection ?? (() => undefined));
  if (onConnection === undefined) collector.close();
  let log = '';
  const logger = pino({}, { write: (line: string) => void (log += line) });
  const telemetry = await openSdk(
    {
      page: undefined,
      otlp: { metrics: true, traces: false, intervalMs: INTERVAL_MS, headers: { metrics: '', traces: '' } },
    },
    logger,
  );
  count('stripe_config.clients.lookups', {});
  await eventually('the failure is logged', () => log.includes('telemetry.export_failed'), 5_000);
  await telemetry.close();
});
