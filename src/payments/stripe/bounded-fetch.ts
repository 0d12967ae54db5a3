import { observedCall, type Call } from './observed-call.js';
import { proxiedFetch } from '../common/outbound-proxy.js';
import { ExplainedError } from '../domain/explained-error.js';
import { readCapped } from '../common/read-capped.js';

/** Largest accepted answer, in bytes after decompression: several times the longest list that is requested. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Why an answer of Stripe cannot be used. */
export type Trouble = 'unreachable' | 'too large' | 'no answer of Stripe’s';

/** An answer that cannot be used. */
export class UnusableAnswer extends ExplainedError {
  override name = 'UnusableAnswer';

  constructor(readonly trouble: Trouble) {
    super(trouble);
  }
}

/**
 * A `fetch` for the SDK that goes to one server only: it follows no redirect, stops at the signal, reads a bounded
 * number of bytes, and accepts only JSON objects as Stripe sends them. The SDK treats anything without a member
 * `error` as success, whatever its status, and writes the header `Stripe-Notice` to standard error.
 */
export function boundedFetch(signal: AbortSignal): typeof fetch {
  return (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const { pathname: path, hostname: host } = url;
    return observedCall({ method: init?.method ?? 'GET', path, host }, (call) =>
      fetchOnce(call, url, init, signal),
    );
  };
}

async function fetchOnce(
  call: Call,
  url: URL,
  init: RequestInit | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const signals = init?.signal ? [signal, init.signal] : [signal];
  const response = await proxiedFetch(url, {
    ...init,
    redirect: 'error',
    signal: AbortSignal.any(signals),
  });
  call.status = response.status;
  const text = await readCapped(response, MAX_ANSWER_BYTES, () => new UnusableAnswer('too large'));
  const isError = response.status >= 400;
  if (isError ? !hasError(text) : !isObject(parse(text))) throw new UnusableAnswer('no answer of Stripe’s');
  return new Response(text, { status: response.status });
}

function hasError(text: string): boolean {
  const answer = parse(text);
  return isObject(answer) && isObject(answer.error);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
