import { CopyField } from './copy-field.js';
import { ConflictNotice } from './conflict-notice.js';
import { CredentialInput } from './credential-input.js';
import { CredentialsSection } from './credentials-section.js';
import { DeactivateSection } from './deactivate-section.js';
import { EndpointSection } from './endpoint-section.js';
import { EventItem } from './event-item.js';
import { EventsSection } from './events-section.js';
import { HistorySection } from './history-section.js';
import { KeyCheck } from './key-check.js';
import { WebhooksSection } from './webhooks-section.js';

/** The parts of the settings, by their names in the tree. */
const PARTS = {
  'stripe-settings-copy': CopyField,
  'stripe-settings-credentials': CredentialsSection,
  'stripe-settings-credential': CredentialInput,
  'stripe-settings-key': KeyCheck,
  'stripe-settings-conflict': ConflictNotice,
  'stripe-settings-history': HistorySection,
  'stripe-settings-webhooks': WebhooksSection,
  'stripe-settings-endpoint': EndpointSection,
  'stripe-settings-events': EventsSection,
  'stripe-settings-event': EventItem,
  'stripe-settings-deactivate': DeactivateSection,
};

/** Makes the parts known to the browser. */
export function defineParts(): void {
  for (const [name, part] of Object.entries(PARTS)) customElements.define(name, part);
}

declare global {
  interface HTMLElementTagNameMap {
    'stripe-settings-credentials': CredentialsSection;
    'stripe-settings-credential': CredentialInput;
  }
}
