import { css } from 'lit';

/** Light and dark follow the page; hosts set the custom properties to their own. */
export const styles = css`
  :host {
    --_text: var(--stripe-settings-text, light-dark(#1a1f36, #e6e8ee));
    --_muted: var(--stripe-settings-muted, light-dark(#545969, #a3acba));
    --_ground: var(--stripe-settings-ground, light-dark(#ffffff, #14171f));
    --_line: var(--stripe-settings-line, light-dark(#8792a2, #697386));
    --_accent: var(--stripe-settings-accent, light-dark(#4b3fd6, #a8a3ff));
    --_fault: var(--stripe-settings-fault, light-dark(#b3093c, #ff8fa8));
    color-scheme: light dark;
    display: block;
    color: var(--_text);
    background: var(--_ground);
    font: var(--stripe-settings-font, 1rem/1.5 system-ui, sans-serif);
  }
  [role='tablist'] {
    display: flex;
    gap: 0.5rem;
    border-block-end: 1px solid var(--_line);
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 1px solid var(--_line);
    border-radius: 0.375rem;
    padding: 0.5rem 0.875rem;
    min-block-size: 2.75rem;
    cursor: pointer;
  }
  [role='tab'] {
    border: 0;
    border-block-end: 3px solid transparent;
    border-radius: 0;
  }
  [role='tab'][aria-selected='true'] {
    border-block-end-color: var(--_accent);
    font-weight: 600;
  }
  :focus-visible {
    outline: 3px solid var(--_accent);
    outline-offset: 2px;
  }
  .fault {
    color: var(--_fault);
  }
`;
