import { LitElement, type PropertyValues } from 'lit';
import { property } from 'lit/decorators.js';
import type { Mode } from '../../payments/domain/credentials.js';
import type { Texts } from '../texts/texts.js';
import type { ProjectState } from './project-state.js';

/**
 * A part of the settings. It renders into the shadow tree of the settings, so that one set of styles and parts holds for all, and
 * renders again when what is known of the project changes.
 */
export abstract class Section extends LitElement {
  @property({ attribute: false }) state!: ProjectState;
  @property({ attribute: false }) texts!: Texts;
  @property() mode: Mode = 'test';

  private readonly rerender = (): void => {
    this.requestUpdate();
  };

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('state')) return;
    changed.get('state')?.removeEventListener('change', this.rerender);
    this.state.addEventListener('change', this.rerender);
  }

  override disconnectedCallback(): void {
    this.state.removeEventListener('change', this.rerender);
    super.disconnectedCallback();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.state.addEventListener('change', this.rerender);
  }
}
