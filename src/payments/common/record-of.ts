/** An object with a member for each of some names. */
export function recordOf<Name extends string, T>(
  names: readonly Name[],
  valueOf: (name: Name) => T,
): Record<Name, T> {
  return renamedRecordOf(names, (name) => name, valueOf);
}

/** As {@link recordOf}, with members that are called after the names. */
export function renamedRecordOf<Name extends string, Key extends string, T>(
  names: readonly Name[],
  keyOf: (name: Name) => Key,
  valueOf: (name: Name) => T,
): Record<Key, T> {
  const record = {} as Record<Key, T>;
  for (const name of names) record[keyOf(name)] = valueOf(name);
  return record;
}

/** A record with the same names and changed values. */
export function mapRecord<T>(
  record: Record<string, T>,
  map: (value: T, name: string) => T,
): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}
