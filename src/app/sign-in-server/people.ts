/** Somebody who can be chosen on the sign-in page of development. */
export interface DemoPerson {
  /** The `sub` of their tokens. */
  subject: string;
  name: string;
  /** What to choose them for. */
  about: string;
}

/** The `sub` of the demo developer. */
export const DEMO_DEVELOPER = 'demo-developer';

/** Everybody who can sign in. */
export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { subject: DEMO_DEVELOPER, name: 'Demo Developer', about: 'owns the demo project' },
  { subject: 'demo-newcomer', name: 'Demo Newcomer', about: 'has no project yet' },
];
