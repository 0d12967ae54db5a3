import { findKeys, findReplicas } from '../../../payments/key-rotation/key-usage.js';
import type { CommandHost } from '../../command-host.js';
import { say, sayTable, type Result } from '../../program.js';
import { countValues } from './count-values.js';
import { describeRing } from './ring-file.js';

export async function status(host: CommandHost): Promise<Result> {
  const ring = await describeRing();
  return host.withDatabase(async (database) => {
    const [counts, known, replicas] = await Promise.all([
      countValues(database),
      findKeys(database),
      findReplicas(database),
    ]);
    const lineOf = (key: string, state: string, days?: number, kept?: string) => ({
      key,
      state,
      rows: counts.get(key)?.rows ?? 0,
      values: counts.get(key)?.values ?? 0,
      days,
      kept,
    });
    const keys = [
      ...ring.keys.map(({ id, state, createdAt, service }) =>
        lineOf(id, state, Math.floor((Date.now() - Date.parse(createdAt)) / 86_400_000), service),
      ),
      ...known
        .filter(({ key_id }) => !ring.keys.some(({ id }) => id === key_id))
        .map(({ key_id }) => lineOf(key_id, 'not in this ring')),
    ];
    const differing = replicas.filter(({ ring_fingerprint }) => ring_fingerprint !== ring.fingerprint);
    sayTable(keys);
    say(
      `${replicas.length} replica(s) reported in the last three minutes, ${differing.length} with another ring than this one.`,
      ...differing.map(
        (replica) =>
          `  ${replica.replica_id} on ${replica.host_name ?? 'an unknown host'}, whose active key is ${replica.active_key_id}`,
      ),
    );
    return {
      keys,
      replicas: replicas.map((replica) => ({
        id: replica.replica_id,
        host: replica.host_name,
        activeKey: replica.active_key_id,
        sameRing: !differing.includes(replica),
      })),
    };
  });
}
