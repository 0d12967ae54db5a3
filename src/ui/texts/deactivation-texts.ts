/** What is said of deactivation. `{…}` are places for values. */
export const DEACTIVATION_TEXTS = {
  deactivation: 'Deactivate Stripe',
  deactivationEffect:
    'Erases all credentials of both modes at once, takes no more webhooks, and removes the endpoints that this service made from ' +
    'Stripe. What uses them stops. Nobody can undo it: the credentials have to be pasted again. The history stays.',
  deactivate: 'Deactivate',
  typeToConfirm: 'Type {word} to confirm',
  deactivationFound:
    'The configuration is deactivated, and its credentials are erased, probably by you: the answer to it was lost.',
  deactivationDone: 'The configuration is deactivated, and its credentials are erased.',
} as const;
