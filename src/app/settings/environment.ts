import { SECRET_NAMES } from './setting-list.js';

/** Settings by name, as the environment has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

let taken: Variables | undefined;

/**
 * The environment of this process, read here and nowhere else. Secrets leave it when it is first asked for: Node's
 * diagnostic reports print every variable, and what this process starts would inherit them.
 */
export function environment(): Variables {
  taken ??= takeFrom(process.env);
  return taken;
}

function takeFrom(variables: NodeJS.ProcessEnv): Variables {
  const copy = { ...variables };
  for (const name of SECRET_NAMES) Reflect.deleteProperty(variables, name);
  return copy;
}
