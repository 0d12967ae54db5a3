import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { CredentialField } from '../../payments/domain/credentials.js';
import type { CredentialInput } from './credential-input.js';

/** What is entered and not stored yet, read from the fields themselves, since nothing else keeps it. */
export class Drafts implements ReactiveController {
  constructor(private readonly host: ReactiveControllerHost & HTMLElement) {
    host.addController(this);
  }

  hostConnected(): void {
    window.addEventListener('beforeunload', this.onUnload);
  }

  hostDisconnected(): void {
    window.removeEventListener('beforeunload', this.onUnload);
  }

  of(field: CredentialField): CredentialInput | undefined {
    return this.inputs().find((input) => input.field === field);
  }

  filled(): CredentialInput[] {
    return this.inputs().filter(({ isFilled }) => isFilled);
  }

  /** Those that cannot be stored as they are. */
  faulty(): CredentialInput[] {
    return this.filled().filter(({ fault, refusal }) => (fault ?? refusal) !== undefined);
  }

  wipe(): void {
    for (const input of this.filled()) input.wipe();
  }

  private inputs(): CredentialInput[] {
    return [...this.host.querySelectorAll('stripe-settings-credential')];
  }

  /** The browser asks before the page goes away. */
  private readonly onUnload = (event: BeforeUnloadEvent): void => {
    if (this.filled().length > 0) event.preventDefault();
  };
}
