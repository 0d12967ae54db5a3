import { RateLimited } from '../domain/errors.js';

/**
 * A bounded number of places for what takes long. Nobody can take them all: whoever asks gets another one only while more are free
 * than they have, so half of them at most, and the next such one half of the rest.
 */
export class FairPlaces {
  private readonly taken = new Map<string, number>();
  private free: number;

  /** @param count how many there are; at least 1 */
  constructor(count: number) {
    this.free = count;
  }

  /**
   * Does the work in a place of whoever asks for it.
   *
   * @throws RateLimited at once when there is no place for them
   */
  async within<T>(asker: string, work: () => Promise<T>): Promise<T> {
    const had = this.taken.get(asker) ?? 0;
    if (had >= this.free) throw new RateLimited(1);
    this.taken.set(asker, had + 1);
    this.free -= 1;
    try {
      return await work();
    } finally {
      this.free += 1;
      this.giveBack(asker);
    }
  }

  private giveBack(asker: string): void {
    const left = (this.taken.get(asker) ?? 1) - 1;
    if (left > 0) this.taken.set(asker, left);
    else this.taken.delete(asker);
  }
}
