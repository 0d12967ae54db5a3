import { LRUCache } from 'lru-cache';
import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** How many sessions, codes and refresh tokens are kept; the ones not used for longest go first. */
const MAX_ENTRIES = 1_000;

/** Keeps sessions, codes and refresh tokens until the process ends. That of oidc-provider warns on each start. */
export function memoryAdapter(): AdapterFactory {
  const entries = new LRUCache<string, AdapterPayload>({ max: MAX_ENTRIES });
  return (model): Adapter => {
    const keyOf = (id: string): string => `${model} ${id}`;
    const find = (isWanted: (payload: AdapterPayload) => boolean): AdapterPayload | undefined =>
      entries.find((payload, key) => key.startsWith(`${model} `) && isWanted(payload));
    return {
      upsert(id, payload, expiresIn) {
        entries.set(keyOf(id), payload, { ...(expiresIn !== undefined && { ttl: expiresIn * 1_000 }) });
        return Promise.resolve();
      },
      find: (id) => Promise.resolve(entries.get(keyOf(id))),
      findByUid: (uid) => Promise.resolve(find((payload) => payload.uid === uid)),
      findByUserCode: (userCode) => Promise.resolve(find((payload) => payload.userCode === userCode)),
      consume(id) {
        const payload = entries.get(keyOf(id));
        // In seconds, as oidc-provider compares it.
        if (payload) payload.consumed = Math.floor(Date.now() / 1_000);
        return Promise.resolve();
      },
      destroy(id) {
        entries.delete(keyOf(id));
        return Promise.resolve();
      },
      revokeByGrantId(grantId) {
        for (const [key, payload] of [...entries.entries()]) {
          if (key.startsWith(`${model} `) && payload.grantId === grantId) entries.delete(key);
        }
        return Promise.resolve();
      },
    };
  };
}
