/** What is said of webhooks. `{…}` are places for values. */
export const WEBHOOK_TEXTS = {
  webhooks: 'Webhooks',
  webhookAddress: 'Webhook address',
  webhookAddressHint: 'Stripe sends events of this mode here.',

  secretNotStored:
    'No webhooks are taken: no signing secret is stored. Let us create the endpoint below, or register the address in Stripe ' +
    '(Developers > Webhooks) and store the signing secret that it shows.',
  secretWaiting:
    'Waiting for the first event: nothing signed with the stored secret has come yet. To try it, send a test event to the ' +
    'endpoint in Stripe.',
  secretVerified: 'Webhooks work. The last verified event came {time}.',
  webhooksFailing: 'Webhooks that could not be verified since then: {count}. The last came {time}.',
  failure_wrong_signature:
    'It was not signed with the stored secret. Compare the signing secret of the endpoint in Stripe with the stored one; after a ' +
    'roll, store the new one.',
  failure_stale_signature:
    'Its signature was right, but too old. Have the clock of this service checked; Stripe sends the event again by itself.',
  failure_unreadable_event:
    'Its signature was right, but it is no event that can be read. Check what else is set to send to this address.',
  failure_wrong_mode_event:
    'Its signature was right, but the event is of the other mode. Register the address of that mode in Stripe.',
  ignoredTestEvents:
    'Test events of connected accounts that came to the live address: {count}. They are ignored; there is nothing to do.',
  overlap: 'The signing secret before, {mask}, is accepted until {time}.',
  overlapUsed: 'Stripe last signed with it {time}. End it once Stripe signs with the new one.',
  overlapUnused: 'Nothing has come that was signed with it.',
  endOverlap: 'End it now',
  overlapEnded: 'The signing secret before is not accepted any more.',

  endpoint: 'Endpoint in Stripe',
  endpointNeedsKey: 'Store the secret key of this mode; then the endpoint can be created for you.',
  endpointMissing: 'Stripe has no endpoint for this address.',
  endpointEnabled: 'Endpoint {id} is enabled.',
  endpointDisabled: 'Endpoint {id} is disabled in Stripe, which sends nothing.',
  endpointByService: 'This service made it, and removes it when the configuration is deactivated.',
  endpointByHand: 'It was made by hand; this service never removes it.',
  endpointTypes: 'Event types that it sends: {count}',
  endpointVersion: 'Version of Stripe’s API: {version}',
  endpointLacks: 'It does not send these: {types}.',
  endpointOthers:
    'Further endpoints have this address: {ids}. Their webhooks cannot be verified; remove them in Stripe (Developers > Webhooks).',
  endpointLeft:
    'The configuration was deactivated, but Stripe did not remove the endpoint {id}. Remove it in Stripe (Developers > Webhooks).',
  endpointRemoved: 'The endpoint {id} was removed from Stripe {time}.',
  createEndpoint: 'Create the endpoint for me',
  enableEndpoint: 'Enable it',
  completeEndpoint: 'Let it send them',
  endpointCreated: 'The endpoint stands in Stripe, and its signing secret is stored.',
  chooseTypes: 'Choose event types',
  changeTypes: 'Store the event types',
  typesLabel: 'Event types, one a line',
  typesHint: 'Left empty: the usual ones. * is all.',
  removeEndpoint: 'Remove it from Stripe',
  removeEndpointAsk: 'Stripe then sends no more events of this mode.',
  removeEndpointConfirm: 'Remove',
  endpointGone: 'The endpoint was removed from Stripe.',
} as const;
