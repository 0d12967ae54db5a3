import { defineParts } from './element/parts.js';
import { SettingsElement } from './element/settings-element.js';

defineParts();
customElements.define('stripe-settings', SettingsElement);

declare global {
  interface HTMLElementTagNameMap {
    'stripe-settings': SettingsElement;
  }
}
