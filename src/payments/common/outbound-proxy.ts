import type { Agent } from 'node:https';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import type { ProxyAgent } from 'undici';

/*
 * Connections to Stripe, identity providers and key services go through the proxy that HTTPS_PROXY (http addresses:
 * HTTP_PROXY; both: ALL_PROXY) names, except to what NO_PROXY lists: the variables that curl and most clients read, in
 * upper or lower case. Neither Node's fetch nor its https module reads them by itself on every Node version that is
 * supported, and Stripe's and Amazon's clients do not either.
 */

const dispatchers = new Map<string, ProxyAgent>();
const direct = new Set<string>();

/** Lets {@link proxiedFetch} reach a server of this process without a proxy, whatever the environment names. */
export function reachDirectly(origin: string): void {
  direct.add(origin);
}

/** `fetch`, through the proxy that the environment names for the address, if any. */
export const proxiedFetch: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  const proxy = direct.has(new URL(url).origin) ? '' : getProxyForUrl(url);
  if (proxy === '') return fetch(input, init);
  // Loaded on demand: most installations have no proxy. Its own fetch, since Node's may be of another version.
  const undici = await import('undici');
  const dispatcher = dispatchers.get(proxy) ?? new undici.ProxyAgent(proxy);
  dispatchers.set(proxy, dispatcher);
  const options = { ...init, dispatcher } as Parameters<typeof undici.fetch>[1];
  // With the types of browsers, which the pages are compiled with, its answers are of another type.
  const response: unknown = await undici.fetch(url, options);
  return response as Response;
};

/**
 * An agent for clients of node:https that must reach an address through the proxy that the environment names for it.
 *
 * @returns undefined when none is named, or for plain http, which only serves tests on this machine
 */
export function proxyAgentFor(url: string): Agent | undefined {
  const proxy = url.startsWith('https:') ? getProxyForUrl(url) : '';
  return proxy === '' ? undefined : new HttpsProxyAgent(proxy);
}
