import type { Locator, Page } from 'playwright-core';
import { focusOf, type Focus } from './focus.js';

/** How a person acts on a page: what they do is the same, whatever they do it with. */
export interface Hands {
  /** Presses a button, a link, a tab or a radio button, and waits for what comes of it. */
  press(target: Locator, outcome: Locator): Promise<void>;
  /** Puts a text in place of what is in a field, as a paste does. */
  enter(field: Locator, text: string): Promise<void>;
  /** Chooses of a list by what it says. */
  choose(list: Locator, option: string): Promise<void>;
}

/** More stops than a page has. */
const STOPS = 150;

/** The mouse, and typing where it has clicked. */
export function byMouse(page: Page): Hands {
  return {
    async press(target, outcome) {
      await target.click();
      await outcome.waitFor();
    },
    async enter(field, text) {
      await field.click({ clickCount: 3 });
      await replace(page, text);
    },
    async choose(list, option) {
      await list.selectOption({ label: option });
    },
  };
}

/** Keys alone. Fails where the focus is lost, cannot be seen, or cannot be brought to what is wanted. */
export function byKeyboard(page: Page): Hands {
  return {
    async press(target, outcome) {
      const before = await focusOf(page);
      const role = await roleOf(target);
      if (role === 'tab') await arrowTo(page, target, '[role=tab][aria-selected=true]');
      else if (role === 'radio') await radio(page, target);
      else {
        await tabTo(page, target);
        await page.keyboard.press('Enter');
      }
      await outcome.waitFor();
      await expectKept(page, before.document);
    },
    async enter(field, text) {
      await tabTo(page, field);
      await page.keyboard.press('Control+A');
      await replace(page, text);
    },
    async choose(list, option) {
      await tabTo(page, list);
      // As browsers have it: the first letters choose.
      await page.keyboard.type(option);
    },
  };
}

async function replace(page: Page, text: string): Promise<void> {
  if (text === '') await page.keyboard.press('Delete');
  // Code of a test in the page would keep the value there.
  else await page.keyboard.insertText(text);
}

const roleOf = async (target: Locator): Promise<string | null> =>
  (await target.getAttribute('role')) ?? target.getAttribute('type');

const isFocused = async (page: Page, target: Locator): Promise<boolean> =>
  (await target.and(page.locator(':focus')).count()) === 1;

/** Goes by Tab, or back by Shift+Tab, as somebody does who sees where it is. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  const passed: string[] = [];
  let focus = await focusOf(page);
  for (let stop = 0; stop < STOPS; stop++) {
    if (await isFocused(page, target)) return;
    await page.keyboard.press((await isBefore(target, focus)) ? 'Shift+Tab' : 'Tab');
    focus = await focusOf(page);
    expectShown(focus);
    passed.push(focus.name ?? 'nothing');
  }
  throw new Error(`${target.toString()} is not reached by Tab, but ${passed.slice(-12).join('; ')}`);
}

/** Whether it stands above or to the left of what has the focus. */
async function isBefore(target: Locator, { box }: Focus): Promise<boolean> {
  const wanted = await target.boundingBox();
  if (box === undefined || wanted === null) return false;
  const { x, y, width, height } = wanted;
  return y + height <= box.top || (y < box.bottom && x + width <= box.left);
}

function expectShown({ name, faults }: Focus): void {
  if (faults.length > 0) throw new Error(`focus on ${name}: ${faults.join(', ')}`);
}

/** Of a set of tabs only one is a stop; arrows go on from it. */
async function arrowTo(page: Page, target: Locator, stop: string): Promise<void> {
  await tabTo(page, page.locator(stop));
  if (!(await isFocused(page, target))) await page.keyboard.press('ArrowRight');
}

/** Of a set of radio buttons the chosen one is a stop, or else the first or the last. */
async function radio(page: Page, target: Locator): Promise<void> {
  const name = await target.getAttribute('name');
  await tabTo(page, page.locator(`[name="${name}"]`).first());
  if (!(await isFocused(page, target))) await page.keyboard.press('ArrowDown');
  else if (!(await target.isChecked())) await page.keyboard.press('Space');
}

/** After an action the focus is somewhere, unless it has led to another document. */
async function expectKept(page: Page, before: number): Promise<void> {
  const focus = await focusOf(page);
  if (focus.document !== before) return;
  if (focus.name === undefined) throw new Error('the focus is lost');
  expectShown(focus);
}
