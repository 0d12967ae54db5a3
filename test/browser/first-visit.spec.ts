import { faultsInAllLooks } from '../support/accessibility.js';
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

it('shows a sign-in page that is accessible and fits', async () => {
  const { context, page } = await rig.open();
  await page.goto(rig.service.url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Choose who you are.').waitFor();
  expect(await faultsInAllLooks(page)).toEqual([]);
  await context.close();
});
