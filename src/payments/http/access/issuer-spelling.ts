/** Google writes its issuer in two ways (developers.google.com/identity/openid-connect, "iss"). */
const GOOGLE = ['https://accounts.google.com', 'accounts.google.com'];

/** The values of `iss` that mean an issuer: itself, exactly, except for Google. */
export function spellingsOf(issuer: string): string[] {
  return issuer === GOOGLE[0] ? GOOGLE : [issuer];
}

/** What issuers are mistaken in, each with what makes two spellings equal. */
const DIFFERENCES: readonly [name: string, even: (issuer: string) => string][] = [
  ['the slash at its end', (issuer) => issuer.replace(/\/$/, '')],
  ['its scheme', (issuer) => issuer.replace(/^https?:\/\//i, '')],
  ['its letter case', (issuer) => issuer.toLowerCase()],
];

/**
 * Explains for the log why a token's issuer is not the one that is expected: in words of our own, since a provider with
 * many tenants may sign an `iss` that anybody chose.
 */
export function explainIssuer(expected: string, given: unknown): string {
  const setting = `auth.issuer (AUTH_ISSUER), ${JSON.stringify(expected)}`;
  if (typeof given !== 'string') return `the token has no "iss" that could be ${setting}`;
  const isSame = (differences: typeof DIFFERENCES): boolean =>
    differences.reduce((text, [, even]) => even(text), expected) ===
    differences.reduce((text, [, even]) => even(text), given);
  if (!isSame(DIFFERENCES)) return `the "iss" of the token is another one than ${setting}`;
  const needed = DIFFERENCES.filter((one) => !isSame(DIFFERENCES.filter((other) => other !== one)));
  const names = needed.map(([name]) => name).join(' and ');
  return `the "iss" of the token differs from ${setting}, in ${names}; set it exactly as the tokens have it`;
}
