/** An object with a member for each of some names. */
export function recordOf<Name extends string, Key extends string, T>(
  names: readonly Name[],
  keyOf: (name: Name) => Key,
  valueOf: (name: Name) => T,
): Record<Key, T> {
  const record = {} as Record<Key, T>;
  for (const name of names) record[keyOf(name)] = valueOf(name);
  return record;
}
