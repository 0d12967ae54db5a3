import type { LitElement } from 'lit';

/** Puts the focus on a part of an element once all that changed is shown. */
export async function focusOn(host: LitElement, selector: string): Promise<void> {
  host.requestUpdate();
  await host.updateComplete;
  host.renderRoot.querySelector<HTMLElement>(selector)?.focus();
}

/**
 * Remembers what has the focus. Browsers put it on the body when that is taken away, and whoever uses a keyboard begins anew.
 *
 * @returns what puts it elsewhere then, once all that changed is shown: on what is left of the same event, or else on what
 *   it is given
 */
export function keepFocus(host: LitElement): (otherwise: () => HTMLElement | null | undefined) => void {
  const before = (host.renderRoot.getRootNode() as ShadowRoot).activeElement;
  const item = before?.closest('stripe-settings-event');
  return (otherwise) => {
    setTimeout(() => {
      if (before === null || before.isConnected || document.activeElement !== document.body) return;
      const target = item?.isConnected === true ? item.querySelector('button') : otherwise();
      if (!target) return;
      // Headings and texts take it from programs alone.
      if (target.tabIndex < 0) target.tabIndex = -1;
      target.focus();
    });
  };
}
