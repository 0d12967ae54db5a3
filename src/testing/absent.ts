/** What Nest and promises ask every provider for. */
const NOT_ASKED = new Set([
  'then',
  'onModuleInit',
  'onApplicationBootstrap',
  'onModuleDestroy',
  'beforeApplicationShutdown',
  'onApplicationShutdown',
]);

/**
 * Stands in for what a test does without. Whatever is called on it says so.
 *
 * @param fix what to do where it is needed after all
 */
export function absent(name: string, fix: string): object {
  return new Proxy(
    {},
    {
      get: (_target, property) => {
        if (typeof property === 'symbol' || NOT_ASKED.has(property)) return undefined;
        return () => {
          throw new Error(`${name}.${property} is not there in this test; ${fix}`);
        };
      },
    },
  );
}
