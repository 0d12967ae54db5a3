import { SettingsElement } from './element/settings-element.js';

customElements.define('stripe-settings', SettingsElement);

declare global {
  interface HTMLElementTagNameMap {
    'stripe-settings': SettingsElement;
  }
}
