import { source as axeSource } from 'axe-core';
import type { Page } from 'playwright-core';

/** Looks in which pages are seen. */
const LOOKS = (['light', 'dark'] as const).flatMap((colorScheme) =>
  [320, 1280].map((width) => ({ colorScheme, width })),
);

/** What axe-core finds on the page as it looks now, and whether it scrolls in both directions. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // By the debugger's way, which no policy of the page stops.
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
    'axe.run()',
  );
  const isTooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
  return [
    ...violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    ...(isTooWide === true ? ['it is too wide'] : []),
  ];
}

/** As {@link accessibilityFaults}, light and dark, 320 and 1,280 pixels wide; each with its look. */
export async function faultsInAllLooks(page: Page): Promise<string[]> {
  const faults: string[] = [];
  for (const { colorScheme, width } of LOOKS) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const found = await accessibilityFaults(page);
    faults.push(...found.map((fault) => `${colorScheme}, ${width} px: ${fault}`));
  }
  return faults;
}
