import { once } from 'node:events';
import type { Server } from 'node:http';
import { isIPv6, type AddressInfo } from 'node:net';

/** The service cannot listen; the message says why and what to do. */
export class ListenError extends Error {
  override name = 'ListenError';
}

/** An address to listen on, or the names of the settings that say which. */
interface Address<Port> {
  port: Port;
  host: string;
}

/** By the code of the system. */
const FAULTS: Readonly<Record<string, (address: Address<number>, settings: Address<string>) => string>> = {
  EADDRINUSE: ({ host, port }, settings) =>
    `Port ${port} on ${host} is in use: set ${settings.port} to a free port, or stop what listens there.`,
  EACCES: ({ port }, settings) =>
    `Port ${port} may not be used by this user: set ${settings.port} to one above 1023.`,
  EADDRNOTAVAIL: ({ host }, settings) =>
    `${host} is no address of this machine: set ${settings.host} to one that is.`,
  ENOTFOUND: ({ host }, settings) =>
    `${host} is no known address: set ${settings.host} to one of this machine.`,
};

/**
 * Lets a server listen.
 *
 * @param settings the names of the settings that gave the address
 * @returns the address that it listens on
 * @throws ListenError naming the setting
 */
export async function listenOn(
  server: Server,
  address: Address<number>,
  settings: Address<string>,
): Promise<string> {
  try {
    await once(server.listen(address.port, address.host), 'listening');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const fault =
      FAULTS[code]?.(address, settings) ??
      `Cannot listen (${code}): check ${settings.host} and ${settings.port}.`;
    throw new ListenError(fault, { cause: error });
  }
  return urlOf(server.address() as AddressInfo);
}

function urlOf({ address, port }: AddressInfo): string {
  const everywhere = address === '0.0.0.0' || address === '::';
  const host = everywhere ? 'localhost' : isIPv6(address) ? `[${address}]` : address;
  return `http://${host}:${port}`;
}
