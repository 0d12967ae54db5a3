import type { AuthorizationServer } from 'oauth4webapi';

/** What the service tells its page of the identity provider: of its metadata what a sign-in needs, and what to ask for. */
export interface Provider extends AuthorizationServer {
  authorization_endpoint: string;
  token_endpoint: string;
  client_id: string;
  scope: string;
  /** Some providers issue a token for a service only when its audience is requested. */
  audience: string;
}
