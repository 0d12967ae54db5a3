/** What the page says around the settings. `{…}` are places for values. */
export const PAGE = {
  title: 'Stripe settings',
  signInWhy: 'Sign in to see your projects and to store their Stripe keys.',
  signIn: 'Sign in',
  signedInAs: 'Signed in as {name}',
  signOut: 'Sign out',
  signedOut: 'You are signed out.',
  ended:
    'Your session has ended. What is entered here stays: sign in again in the window that opens, and store it then.',
  signInAgain: 'Sign in again',
  signInHere: 'Sign in on this page',
  signInHereLeads:
    'Signing in on this page leads away from it: what is entered here is lost, and has to be entered again.',
  windowOpened: 'Go on in the window that has opened.',
  windowBlocked:
    'The browser has blocked the window to sign in. Allow this page to open windows, and sign in again.',
  windowGone:
    'The window to sign in is closed, or hidden from this page. Go on there if it is open, or else sign in again.',
  handingBack: 'The sign-in is handed to the page that you came from …',
  handedBack: 'The sign-in goes on in the window that you came from. You can close this one.',
  notHandedBack:
    'No page waits for this sign-in any more: it was closed, loaded again, or has given this window up. If the page is still open, ' +
    'go on there and close this window; or else open it here, and sign in.',
  openPage: 'Open the page',
  signedInAgain: 'You are signed in again. What is entered here has stayed.',
  otherPerson: 'Somebody else has signed in: what {name} had entered is gone.',

  projects: 'Projects',
  noProjects: 'You have no projects yet. Create the first one below.',
  allProjects: 'All projects',
  keysOf: 'Stripe keys: {modes}',
  noKeys: 'No Stripe keys yet',
  testKeys: 'test',
  liveKeys: 'live',
  yourRole: 'Your role: {role}',
  deactivated: 'deactivated',
  more: 'Show more projects',
  createProject: 'Create a project',
  name: 'Name',
  description: 'Description (may be left empty)',
  create: 'Create',

  /** Of what would be made a second time. */
  perhapsMade: 'It may have been made all the same: look in the list first.',

  leaveDiscard: 'Discard it and leave',

  deactivatedProject: 'This project is deactivated. Its credentials are erased, and it takes no webhooks.',
  deactivateProject: 'Deactivate the project',
  deactivateEffect:
    'Deactivates the project for good: its Stripe credentials are erased at once, it takes no more webhooks, and endpoints that this ' +
    'service made are removed from Stripe. Nobody can undo it.',
  deactivate: 'Deactivate',
  typeToConfirm: 'Type {word} to confirm',

  members: 'Members',
  membersHint:
    'A viewer reads. An admin also changes credentials and replays events. An owner also deactivates and gives roles.',
  member: 'Subject',
  memberDots: 'A subject of one or two dots alone cannot be a member.',
  memberHint:
    'As the identity provider calls them: the sub of their tokens. Another role replaces the one they have.',
  role: 'Role',
  viewer: 'viewer',
  admin: 'admin',
  owner: 'owner',
  creator: 'has made the project',
  giveRole: 'Give role',
  roleGiven: '{subject} has the role {role}.',
  removeMember: 'Remove {subject}',
  remove: 'Remove',
  memberRemoved: '{subject} has no role in the project any more.',
  moreMembers: 'Show more members',

  tokens: 'Service tokens',
  tokensHint:
    'For programs, such as a pipeline. A token may no more than who made it may, and ends at once when it is revoked.',
  tokenName: 'Name of the token',
  tokenRole: 'Role of the token',
  tokenDays: 'Days until it expires',
  makeToken: 'Make a token',
  otherProjects: 'Further projects',
  chosenProjects: 'Further projects: {count} chosen',
  noOtherProjects: 'You are {role} of no other project.',
  newToken: 'New token',
  tokenOnce: 'Copy it now: it is shown this once, and stored nowhere.',
  forgetToken: 'I have it',
  tokenTimes: 'made by {by}, expires {time},',
  lastUsed: 'last used {time}',
  neverUsed: 'never used',
  revoke: 'Revoke',
  revokeToken: 'Revoke {name}',
  revokeNow: 'Revoke now',
  /** Of a token of several projects. */
  sharedToken: 'also for other projects',
  takeProject: 'Revoke for this project',
  revokeEverywhere: 'Revoke everywhere',
  projectTaken: '{name} does not work in this project any more.',
  tokenRevoked: '{name} does not work any more.',
  moreTokens: 'Show more tokens',
} as const;
