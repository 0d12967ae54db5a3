import { createHash, randomBytes } from 'node:crypto';

/** A browser of sorts: keeps cookies, follows no redirect. */
export class Visitor {
  private readonly cookies = new Map<string, string>();

  async open(url: string, init: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(init.headers as Record<string, string>), ...(cookie !== '' && { cookie }) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  submit(url: string, form: Record<string, string>): Promise<Response> {
    return this.open(url, { method: 'POST', body: new URLSearchParams(form) });
  }
}

/** What a client asks for, and what it must present later. */
export interface CodeRequest {
  verifier: string;
  url: string;
}

/**
 * A right request for a code, by RFC 6749 and RFC 7636.
 *
 * @param changes parameters that are others; undefined takes one away
 */
export function codeRequest(
  issuer: string,
  redirectUri: string,
  changes: Record<string, string | undefined> = {},
): CodeRequest {
  const verifier = randomBytes(32).toString('base64url');
  const parameters: Record<string, string | undefined> = {
    client_id: 'development',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid profile',
    state: 'a state',
    nonce: 'a nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  };
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) given.set(name, value);
  return {
    verifier,
    url: `${issuer}/auth?${given.toString()}`,
  };
}

/** Follows redirects of the server itself until one leads elsewhere, or a page comes. */
export async function follow(visitor: Visitor, issuer: string, response: Response): Promise<Response | URL> {
  const location = response.headers.get('location');
  if (location === null) return response;
  const url = new URL(location, issuer);
  return url.origin === issuer ? follow(visitor, issuer, await visitor.open(url.href)) : url;
}

/** Chooses a person on the sign-in page, and returns where that leads: to the client, with a code. */
export async function signIn(
  visitor: Visitor,
  issuer: string,
  { url }: CodeRequest,
  form: Record<string, string> = { subject: 'demo-developer' },
): Promise<URL> {
  const first = await visitor.open(url);
  const page = new URL(first.headers.get('location') ?? '', issuer).href;
  const end = await follow(visitor, issuer, await visitor.submit(page, form));
  if (!(end instanceof URL)) throw new Error(`no redirect but ${end.status}: ${await end.text()}`);
  return end;
}
