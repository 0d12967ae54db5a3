/**
 * What of the host's prefix stands in the base path again, as in `/api/api/v1/payments`.
 *
 * @param path of all routes as the application serves it
 */
export function repeatedPrefix(path: string, basePath: string): string | undefined {
  const prefix = segmentsOf(path.slice(0, -basePath.length));
  const base = segmentsOf(basePath);
  for (let count = Math.min(prefix.length, base.length); count > 0; count -= 1) {
    const repeated = base.slice(0, count).join('/');
    if (prefix.slice(-count).join('/') === repeated) return repeated;
  }
  return undefined;
}

/**
 * Whether webhooks are sent to an address below which the application serves nothing. A proxy may take a part of the path
 * away before it, so that the public path may be longer than the served one.
 *
 * @param path of all routes as the application serves it
 */
export function webhooksMiss(publicBaseUrl: string, basePath: string, path: string): boolean {
  const { pathname } = new URL(publicBaseUrl);
  const called = [...segmentsOf(pathname), ...segmentsOf(basePath)];
  const served = segmentsOf(path);
  return called.slice(-served.length).join('/') !== served.join('/');
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '');
}
