import type { Page } from 'playwright-core';

/** Where the focus of the keyboard is, as a person sees it. */
export interface Focus {
  /** What has it, in words; undefined: nothing has. */
  name: string | undefined;
  /** What is wrong with how it is shown. */
  faults: string[];
  /** Where it is in the window; undefined: nothing has it. */
  box: { top: number; bottom: number; left: number } | undefined;
  /** When the document was loaded: another one has had no focus yet. */
  document: number;
}

const LOOK = `(() => {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  const isLost = active === null || active === document.body || active === document.documentElement;
  const focus = { name: undefined, box: undefined, faults: [], document: performance.timeOrigin };
  if (isLost) return focus;
  focus.name = active.tagName.toLowerCase() + '#' + active.id + ' ' + (active.getAttribute('aria-label') ?? active.textContent).trim().slice(0, 60);
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(active);
  const isDrawn = outlineStyle === 'auto' || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2);
  if (!isDrawn || /^rgba\\(.*, 0\\)$/.test(outlineColor)) focus.faults.push('no outline is drawn');
  const { top, bottom, left, right, width, height } = active.getBoundingClientRect();
  focus.box = { top, bottom, left };
  if (width < 1 || height < 1) focus.faults.push('it is of no size');
  if (bottom <= 0 || top >= innerHeight || right <= 0 || left >= innerWidth) focus.faults.push('it is out of sight');
  return focus;
})()`;

/** What has the focus, in whichever tree of the page. */
export function focusOf(page: Page): Promise<Focus> {
  return page.evaluate<Focus>(LOOK);
}
