import { KeyRingError } from '../key-ring.js';
import { serviceName } from './key-service-error.js';
import type { KeyServiceName } from './wrapped-key.js';

/**
 * Loads an official client, which only rings that name its service need.
 *
 * @throws KeyRingError naming the package to install
 */
export async function loadClient<Client>(
  service: KeyServiceName,
  packageName: string,
  load: () => Promise<Client>,
): Promise<Client> {
  try {
    return await load();
  } catch {
    throw new KeyRingError(`the key ring needs ${serviceName(service)}; install ${packageName}`);
  }
}
