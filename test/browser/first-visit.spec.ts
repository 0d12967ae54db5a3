import { source as axeSource } from 'axe-core';
import { Canaries } from '../support/canaries.js';
import {
  createProject,
  expire,
  giveRole,
  receiveEvent,
  resolveConflicts,
  signIn,
  storeSixKeys,
  tryWrongPastes,
  type Visit,
} from '../support/first-visit.js';
import { byKeyboard, byMouse } from '../support/hands.js';
import { NO_LEAKS, findLeaks, notesOf } from '../support/page-leaks.js';
import { TEST_PUBLIC_URL } from '../support/service.js';
import { startStandalone, type Standalone } from '../support/standalone.js';

let rig: Standalone;

beforeAll(async () => {
  rig = await startStandalone({ PUBLIC_BASE_URL: TEST_PUBLIC_URL });
});
afterAll(() => rig.stop());

it.each([
  { by: 'mouse', handsOf: byMouse },
  { by: 'keyboard', handsOf: byKeyboard },
])('lets somebody who has never seen it do everything by $by', async ({ by, handsOf }) => {
  const { context, page } = await rig.open();
  const seen = notesOf(page);
  const visit: Visit = { rig, page, hands: handsOf(page), canaries: new Canaries(), account: `acct_${by}` };
  await signIn(visit);
  const projectId = await createProject(visit, `Shoes by ${by}`);
  await giveRole(visit, 'demo-developer');
  await tryWrongPastes(visit);
  await storeSixKeys(visit);
  await receiveEvent(visit, projectId);
  await resolveConflicts(visit, projectId);
  await expire(visit, projectId);

  expect(await findLeaks(page, visit.canaries, seen)).toEqual(NO_LEAKS);
  expect(visit.canaries.find(rig.service.stdout + rig.service.stderr)).toEqual([]);
  expect(rig.problems).toEqual([]);
  await context.close();
});

it.each(['light', 'dark'] as const)(
  'shows a sign-in page that is accessible and fits, %s',
  async (colorScheme) => {
    const { context, page } = await rig.open({ colorScheme, viewport: { width: 320, height: 700 } });
    await page.goto(rig.service.url);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Choose who you are.').waitFor();
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 700 });
      await page.evaluate(axeSource);
      const { violations } = await page.evaluate<{ violations: { id: string }[] }>('axe.run()');
      expect({ width, violations: violations.map(({ id }) => id) }).toEqual({ width, violations: [] });
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    }
    await context.close();
  },
);
