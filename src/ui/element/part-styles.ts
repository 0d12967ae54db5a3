import { css } from 'lit';

/** Of lists, notes, forms and buttons. */
export const partStyles = css`
  section {
    margin-block: 1.5rem;
  }
  h3 {
    margin-block: 0 0.5rem;
    font-size: 1.125rem;
  }
  h4 {
    margin-block: 1rem 0.5rem;
    font-size: 1rem;
  }
  p {
    margin-block: 0.5rem;
    max-inline-size: 70ch;
    overflow-wrap: anywhere;
  }
  p:empty {
    margin: 0;
  }
  .hint {
    color: var(--_muted);
    font-size: 0.875rem;
  }
  .notes,
  .events {
    padding: 0;
    list-style: none;
    max-inline-size: 70ch;
    overflow-wrap: anywhere;
  }
  .notes > li {
    margin-block: 0.25rem;
    padding-inline-start: 0.75rem;
    border-inline-start: 3px solid var(--_line);
  }
  .events {
    max-inline-size: none;
  }
  .events > li {
    padding-block: 0.5rem;
    border-block-end: 1px solid var(--_line);
  }
  .notice {
    margin-block: 0.75rem;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--_line);
    border-inline-start: 4px solid var(--_accent);
    border-radius: 0.375rem;
  }
  input,
  select,
  textarea {
    box-sizing: border-box;
    max-inline-size: 100%;
    min-block-size: 2.75rem;
    padding: 0.5rem;
    font: inherit;
    color: inherit;
    background: var(--_ground);
    border: 1px solid var(--_line);
    border-radius: 0.375rem;
  }
  textarea {
    inline-size: 30rem;
  }
  .filter,
  .confirmation {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    align-items: end;
  }
  .filter label,
  .copied {
    display: grid;
    grid-template-columns: minmax(0, auto);
    gap: 0.25rem;
    min-inline-size: 0;
    max-inline-size: 100%;
  }
  .filter label {
    flex: 1 1 10rem;
    max-inline-size: 20rem;
  }
  .filter label > *,
  .copied > * {
    inline-size: 100%;
  }
  .filter .hint {
    flex-basis: 100%;
    margin: 0;
  }
  .confirmation label {
    flex-basis: 100%;
    overflow-wrap: anywhere;
  }
  stripe-settings-copy {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    align-items: end;
  }
  stripe-settings-copy label {
    flex: 1 1 16rem;
    max-inline-size: 48rem;
  }
  .primary {
    color: var(--_ground);
    background: var(--_accent);
    border-color: var(--_accent);
  }
  .danger {
    color: var(--_fault);
    border-color: var(--_fault);
  }
  summary {
    min-block-size: 1.75rem;
    cursor: pointer;
  }
  pre {
    max-block-size: 30rem;
    margin: 0.5rem 0 0;
    padding: 0.75rem;
    overflow: auto;
    border: 1px solid var(--_line);
    border-radius: 0.375rem;
    font-size: 0.8125rem;
  }
  .credential,
  fieldset {
    margin-block: 1.25rem;
  }
  .credential > label,
  legend {
    font-weight: 600;
  }
  .credential p {
    margin-block: 0.25rem;
  }
  fieldset {
    min-inline-size: 0;
    padding: 0.5rem 0.75rem;
    border: 1px solid var(--_line);
    border-radius: 0.375rem;
  }
  .paste,
  .actions {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    margin-block: 0.5rem;
  }
  .paste input {
    flex: 1 1 12rem;
    min-inline-size: 0;
    max-inline-size: 48rem;
    font-family: ui-monospace, monospace;
  }
  .hidden-text {
    -webkit-text-security: disc;
  }
  .choice {
    display: inline-flex;
    gap: 0.5rem;
    align-items: center;
    min-block-size: 2.75rem;
    margin-inline-end: 1.5rem;
    cursor: pointer;
  }
  .choice input {
    inline-size: 1.25rem;
    min-block-size: 1.25rem;
  }
  [aria-invalid='true'] {
    border: 2px solid var(--_fault);
  }
  @media (forced-colors: active) {
    .primary,
    .danger,
    .notice {
      border: 2px solid;
    }
    [role='tab'][aria-selected='true'] {
      border-block-end: 3px solid Highlight;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none;
      animation: none;
      scroll-behavior: auto;
    }
  }
`;
