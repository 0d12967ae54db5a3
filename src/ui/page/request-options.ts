import { allowInsecureRequests } from 'oauth4webapi';
import type { Provider } from './provider.js';

/** Plain http is for the sign-in server of development, which is on this machine. */
export function requestOptions({ issuer }: Provider): { [allowInsecureRequests]?: boolean } {
  return { [allowInsecureRequests]: issuer.startsWith('http://') };
}
