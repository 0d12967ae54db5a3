import { LRUCache } from 'lru-cache';

/** Of how many projects something is kept. A client of the SDK takes about 45 kB. */
const MAX_PROJECTS = 1_000;

/** What was made from a version of a configuration. */
export interface Made<T> {
  version: number;
  value: T;
}

interface Entry<T> {
  /** Undefined while it is being made. */
  version: number | undefined;
  readonly value: Promise<T>;
}

/** What was made from configurations, by project, for as long as they stay as they are. Failures are not kept. */
export class Kept<T> {
  private readonly entries = new LRUCache<string, Entry<T>>({ max: MAX_PROJECTS });

  get projectIds(): string[] {
    return [...this.entries.keys()];
  }

  recall(projectId: string): Promise<T> | undefined {
    return this.entries.get(projectId)?.value;
  }

  /** Keeps what is being made. Whatever is forgotten meanwhile goes to those who wait for it, and to nobody after. */
  keep(projectId: string, making: Promise<Made<T>>): Promise<T> {
    const entry: Entry<T> = {
      version: undefined,
      value: making.then(({ version, value }) => {
        entry.version = version;
        return value;
      }),
    };
    entry.value.catch(() => {
      if (this.entries.peek(projectId) === entry) this.entries.delete(projectId);
    });
    this.entries.set(projectId, entry);
    return entry.value;
  }

  forgetAll(): void {
    this.entries.clear();
  }

  forget(projectId: string): void {
    this.entries.delete(projectId);
  }

  /** What is still being made has no version to compare, and read the configuration just now. */
  forgetUnless(projectId: string, version: number | undefined): void {
    const made = this.entries.peek(projectId)?.version;
    if (made !== undefined && made !== version) this.entries.delete(projectId);
  }
}
