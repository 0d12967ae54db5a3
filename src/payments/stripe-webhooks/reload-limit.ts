import { LRUCache } from 'lru-cache';

/** How many reloads an address may have at once, and then one more in each such time, in milliseconds. */
const AT_ONCE = 4;
const EVERY_MS = 1_000;
/** Of how many addresses it is known. */
const MAX_ADDRESSES = 10_000;

/**
 * Bounds how often the secrets of an address are read again because a signature did not fit the cached ones: anybody can send
 * wrong ones. The first few pass at once, since a secret may have been replaced just now.
 */
export class ReloadLimit {
  private readonly left = new LRUCache<string, { count: number; since: number }>({ max: MAX_ADDRESSES });

  /**
   * @param address of which there may be as many as there are configurations
   * @param now in milliseconds, by a clock that does not go back
   * @returns whether it may be read again now; this counts
   */
  take(address: string, now = performance.now()): boolean {
    const { count, since } = this.left.get(address) ?? { count: AT_ONCE, since: now };
    const earned = Math.floor((now - since) / EVERY_MS);
    const left = Math.min(count + earned, AT_ONCE);
    if (left === 0) return false;
    // A full one earns nothing, so its time begins with the first that is taken.
    this.left.set(address, { count: left - 1, since: left === AT_ONCE ? now : since + earned * EVERY_MS });
    return true;
  }
}
