import type { Settings } from './settings.js';

/**
 * Outside production the service makes up what is missing, so it must be said to be development where there is something
 * real: a database, or an address that others reach.
 */
export function refuseUnsaidDevelopment(settings: Settings): void {
  if (isUnsaidDevelopment(settings)) {
    settings.fault(
      'NODE_ENV',
      'must be set to production or development where DATABASE_URL is set or HOST can be reached by others: outside production, keys, a token secret and a demo project are generated',
    );
  }
}

/** Whether nothing may be generated though this is not production, because no setting says that it is development. */
export function isUnsaidDevelopment(settings: Settings): boolean {
  const isReal = settings.has('DATABASE_URL') || !isLoopback(settings.get('HOST'));
  const isSaid = settings.has('NODE_ENV') && settings.get('NODE_ENV') !== 'test';
  return isReal && !isSaid;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
