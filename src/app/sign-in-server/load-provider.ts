import type * as oidc from 'oidc-provider';

/** What the sign-in server is made of could not be loaded; the message says what to do. */
export class SignInServerError extends Error {
  override name = 'SignInServerError';
}

/**
 * Loads oidc-provider, which only development has installed.
 *
 * @throws SignInServerError where it is not installed
 */
export async function loadProvider(): Promise<typeof oidc> {
  completeUrl();
  const { warn } = console;
  // It is made for Node 22 and newer, and says so to users who cannot help it; ours is tried on each version that we support.
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).includes('oidc-provider WARNING: Unsupported runtime')) warn.apply(console, parts);
  };
  try {
    return await import('oidc-provider');
  } catch (cause) {
    throw new SignInServerError(
      'oidc-provider, at which people sign in during development, cannot be loaded: run "npm ci" without --omit=dev, or set AUTH_ISSUER and AUTH_AUDIENCE, or AUTH_JWT_SECRET.',
      { cause },
    );
  } finally {
    console.warn = warn;
  }
}

/** `URL.parse` of the standard, the one thing that it uses and Node 20 lacks. */
function completeUrl(): void {
  if ('parse' in URL) return;
  const parse = (url: string): URL | null => (URL.canParse(url) ? new URL(url) : null);
  Object.assign(URL, { parse });
}
