import type { Settings } from './settings.js';

/** As which client the explorer signs in at the identity provider, and what it asks for. */
export interface DocsSignIn {
  clientId: string;
  scopes: readonly string[];
}

/** How the explorer signs in; undefined when it does not. */
export function readDocsSignIn(settings: Settings): DocsSignIn | undefined {
  const clientId = settings.get('DOCS_OAUTH_CLIENT_ID');
  const scopes = settings.get('DOCS_OAUTH_SCOPES');
  if (clientId === undefined) {
    if (scopes !== undefined) {
      settings.fault('DOCS_OAUTH_SCOPES', 'has no use without DOCS_OAUTH_CLIENT_ID; set that as well');
    }
    return undefined;
  }
  if (!settings.has('AUTH_ISSUER')) {
    settings.fault(
      'DOCS_OAUTH_CLIENT_ID',
      'has no use without AUTH_ISSUER; set the identity provider that knows this client, or remove it',
    );
  }
  const required = settings.get('AUTH_REQUIRED_SCOPE');
  return { clientId, scopes: scopes ?? ['openid', ...(required === undefined ? [] : [required])] };
}
