import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { rawExchange, rawRequest } from '../../../test/support/raw-http.js';
import { TestTelemetry } from '../../../test/support/telemetry.js';
import { Listener } from '../listener.js';

it('what is answered while the service starts, and what no service is asked, is measured', async () => {
  const telemetry = new TestTelemetry();
  const listener = new Listener({
    requestIdOf: () => randomUUID(),
    logger: pino({ level: 'silent' }),
  });
  try {
    const url = await listener.listen(0, '127.0.0.1');
    for (const request of [
      rawRequest(['GET /api/v1/projects HTTP/1.1']),
      rawRequest(['GET /health/ready?x HTTP/1.1']),
      rawRequest(['PROPFIND / HTTP/1.1']),
      rawRequest(['BREW / HTTP/1.1']),
      rawRequest(['GET / HTTP/1.1', 'Expect: something']),
      'nothing of the kind\r\n\r\n',
    ]) {
      await rawExchange(url, request);
    }
    const requests = await telemetry.series('http.server.request.duration');
    const of = (method: string, status: number, route?: string) => ({
      'http.request.method': method,
      'http.response.status_code': status,
      'url.scheme': 'http',
      ...(route !== undefined && { 'http.route': route }),
      ...(status >= 500 && { 'error.type': String(status) }),
    });
    const counted = requests.map(({ attributes, value }) => [attributes, (value as { count: number }).count]);
    expect(counted).toEqual([
      [of('GET', 503), 1],
      [of('GET', 503, '/health/ready'), 1],
      [of('_OTHER', 501), 2],
      [of('GET', 417), 1],
      [of('_OTHER', 400), 1],
    ]);
  } finally {
    await listener.close();
    await telemetry.stop();
  }
});
