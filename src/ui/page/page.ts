import '../stripe-settings.js';
import { PageElement } from './page-element.js';

customElements.define('stripe-page', PageElement);
