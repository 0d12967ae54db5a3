/** Everything that the settings say, in English. Hosts replace what they want said in other words or in another language. */
export const ENGLISH = {
  title: 'Stripe settings',
  test: 'Test mode',
  live: 'Live mode',
  loading: 'Loading …',
  tryAgain: 'Try again',
  nothingConfigured: 'No credentials are stored yet.',
  deactivated: 'The configuration is deactivated. Storing a credential activates it again.',
};

/** Texts by their names. */
export type Texts = Readonly<Record<keyof typeof ENGLISH, string>>;
