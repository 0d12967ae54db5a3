import { css } from 'lit';

/** Of the page around the settings. */
export const pageStyles = css`
  :host {
    min-block-size: 100vh;
  }
  header,
  main {
    max-inline-size: 64rem;
    margin-inline: auto;
    padding-inline: 1rem;
  }
  header {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem 1rem;
    align-items: center;
    padding-block: 0.75rem;
    border-block-end: 1px solid var(--_line);
  }
  header p {
    margin: 0;
  }
  h1 {
    flex: 1 1 auto;
    margin: 0;
    font-size: 1.25rem;
  }
  h2 {
    margin-block: 1rem 0.5rem;
    font-size: 1.25rem;
    overflow-wrap: anywhere;
  }
  a {
    color: var(--_accent);
  }
  .projects,
  .members {
    padding: 0;
    list-style: none;
  }
  .projects > li,
  .members > li {
    padding-block: 0.5rem;
    border-block-end: 1px solid var(--_line);
  }
  .projects a {
    display: inline-block;
    min-block-size: 1.75rem;
    font-weight: 600;
  }
  .members > li {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    align-items: center;
    justify-content: space-between;
  }
  .new {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    align-items: end;
  }
  .new label {
    display: grid;
    flex: 0 1 18rem;
    gap: 0.25rem;
    min-inline-size: 0;
  }
  .new label > * {
    inline-size: 100%;
  }
  .new details {
    flex-basis: 100%;
  }
  .new summary {
    min-block-size: 1.75rem;
    cursor: pointer;
  }
  .new fieldset label {
    display: flex;
    gap: 0.5rem;
    align-items: center;
    min-block-size: 1.75rem;
    overflow-wrap: anywhere;
  }
  .new fieldset input {
    flex: none;
    inline-size: 1.25rem;
    block-size: 1.25rem;
    margin: 0;
    min-block-size: 0;
  }
  .new .hint,
  .new .fault {
    flex-basis: 100%;
    margin: 0;
  }
`;
