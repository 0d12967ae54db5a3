import { LRUCache } from 'lru-cache';
import type { HostId } from '../domain/host-id.js';

/** Most projects in the cache. A client of the SDK takes about 45 kB. */
const MAX_PROJECTS = 1_000;

/** A value with the version of the configuration that it was made from. */
export interface Versioned<T> {
  version: number;
  value: T;
}

interface Entry<T> {
  /** Undefined while the value is pending. */
  version: number | undefined;
  readonly value: Promise<T>;
}

/** Caches what was made from configurations, by project, for as long as they do not change. Failures are not cached. */
export class ProjectCache<T> {
  private readonly entries = new LRUCache<string, Entry<T>>({ max: MAX_PROJECTS });

  get projectIds(): string[] {
    return [...this.entries.keys()];
  }

  /** Ids in another spelling than the canonical one are not found. */
  get(projectId: HostId): Promise<T> | undefined {
    return this.entries.get(projectId as string)?.value;
  }

  /** Caches a pending value. One that is deleted meanwhile goes to those who wait for it, and to nobody after. */
  set(projectId: string, pending: Promise<Versioned<T>>): Promise<T> {
    const entry: Entry<T> = {
      version: undefined,
      value: pending.then(({ version, value }) => {
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

  clear(): void {
    this.entries.clear();
  }

  delete(projectId: string): void {
    this.entries.delete(projectId);
  }

  /** Deletes a value of another version. A pending one has none to compare, and has just read the configuration. */
  deleteUnless(projectId: string, version: number | undefined): void {
    const cached = this.entries.peek(projectId)?.version;
    if (cached !== undefined && cached !== version) this.entries.delete(projectId);
  }
}
