import type { Settings } from './settings.js';

/** As which client something of ours signs people in at the identity provider, and what it asks for. */
export interface SignInClient {
  clientId: string;
  scopes: readonly string[];
}

/** By the settings' names. */
const CLIENTS = {
  explorer: { id: 'DOCS_OAUTH_CLIENT_ID', scopes: 'DOCS_OAUTH_SCOPES', usual: ['openid'] },
  // It shows who is signed in.
  page: { id: 'UI_CLIENT_ID', scopes: 'UI_OAUTH_SCOPES', usual: ['openid', 'profile'] },
} as const;

/** How the explorer or the page signs people in; undefined when it does not. */
export function readSignInClient(settings: Settings, of: keyof typeof CLIENTS): SignInClient | undefined {
  const names = CLIENTS[of];
  const clientId = settings.get(names.id);
  const scopes = settings.get(names.scopes);
  if (clientId === undefined) {
    if (scopes !== undefined) {
      settings.fault(names.scopes, `has no use without ${names.id}; set that as well`);
    }
    return undefined;
  }
  if (!settings.has('AUTH_ISSUER')) {
    settings.fault(
      names.id,
      'has no use without AUTH_ISSUER; set the identity provider that knows this client, or remove it',
    );
  }
  return { clientId, scopes: scopes ?? usualScopes(of, settings.get('AUTH_REQUIRED_SCOPE')) };
}

/** What is asked for where nothing else is set. */
export function usualScopes(of: keyof typeof CLIENTS, required: string | undefined): string[] {
  return [...CLIENTS[of].usual, ...(required === undefined ? [] : [required])];
}
