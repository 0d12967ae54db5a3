const PREFIX = 'service-token:';
const SUBJECT = /^service-token:([0-9a-f-]{36})$/;

/** By which a token is known in the trails: no token of an identity provider may have such a subject. */
export function tokenSubject(id: string): string {
  return PREFIX + id;
}

/** Whether a subject is kept for service tokens. */
export function isTokenSubject(subject: string): boolean {
  return subject.startsWith(PREFIX);
}

/** The id of the token of a subject; undefined: it is a person's. */
export function tokenIdOf(subject: string): string | undefined {
  return SUBJECT.exec(subject)?.[1];
}
