import type { KeyRing } from '../crypto/key-ring.js';

/** Holds the key ring that the application uses now. */
export class CurrentKeyRing {
  private readonly listeners: (() => void)[] = [];

  constructor(private current: KeyRing) {}

  get ring(): KeyRing {
    return this.current;
  }

  /** Takes effect at the next use of a key. Whether the ring fits the database is checked by {@link KeyRingCheck}. */
  replace(ring: KeyRing): void {
    this.current = ring;
    for (const listener of this.listeners) listener();
  }

  /** @param listener called after the ring was replaced */
  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }
}
