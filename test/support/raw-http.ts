import { connect } from 'node:net';
import { toTestResponse, type TestResponse } from './service.js';

const TIMEOUT_MS = 20_000;

/**
 * Sends bytes as they are over one connection and returns every response that came before it was closed: ask for
 * that with `Connection: close` in the last request.
 *
 * @param url of the server
 * @param parts texts go as Latin-1, so that each character is a byte
 */
export async function rawExchange(url: string, ...parts: (string | Uint8Array)[]): Promise<TestResponse[]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.setTimeout(TIMEOUT_MS, () => {
      socket.destroy();
      reject(
        new Error(`the server kept the connection open; it had sent: ${Buffer.concat(chunks).toString()}`),
      );
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A reset still leaves what came before it to be checked.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve();
    });
    for (const part of parts) socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  });
  return answersIn(Buffer.concat(chunks));
}

/** The responses that came over a connection, each with a `Content-Length`, as this service sends them. */
export function answersIn(bytes: Buffer): TestResponse[] {
  return [...responsesIn(bytes)];
}

/** The bytes of a request: its head by lines, and its body behind the `Content-Length` that it has. */
export function rawRequest(lines: readonly string[], body?: string): string {
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body, 'latin1')}`];
  const [start = '', ...headers] = lines;
  return `${[start, 'Host: localhost', ...headers, ...length].join('\r\n')}\r\n\r\n${body ?? ''}`;
}

function* responsesIn(bytes: Buffer): Generator<TestResponse> {
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf('\r\n\r\n', start);
    if (end === -1) throw new Error(`not a response: ${bytes.subarray(start).toString()}`);
    const [statusLine = '', ...lines] = bytes.subarray(start, end).toString().split('\r\n');
    const headers = new Headers(lines.map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    start = end + 4 + Number(headers.get('content-length') ?? 0);
    yield toTestResponse(
      Number(statusLine.split(' ')[1]),
      headers,
      bytes.subarray(end + 4, start).toString(),
    );
  }
}
