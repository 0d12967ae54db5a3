import type { StripeSettingsElement } from '../../package/ui.mjs';
import { defineParts } from './element/parts.js';
import { SettingsElement } from './element/settings-element.js';

export { ENGLISH as englishTexts } from './texts/texts.js';

defineParts();
// What the package says of it is written by hand, without a type of Lit.
customElements.define('stripe-settings', SettingsElement satisfies new () => StripeSettingsElement);
