import type { ClaimedEvent } from './event-worker.statements.js';
import { HeldEvents } from './held-events.js';

let number = 0;

function eventsOf(project: string, count: number, object_id: string | null = null): ClaimedEvent[] {
  return Array.from({ length: count }, () => ({
    project_id: project,
    mode: 'test',
    event_id: `evt_${++number}`,
    type: 'invoice.paid',
    object_id,
    attempts: 1,
    lock_name: null,
  }));
}

/** The projects of all events that get a slot now. */
function begin(held: HeldEvents): ClaimedEvent[] {
  const begun: ClaimedEvent[] = [];
  for (let event = held.next(); event !== undefined; event = held.next()) begun.push(event);
  return begun;
}

const projectsOf = (events: ClaimedEvent[]) => events.map(({ project_id }) => project_id).join('');

describe('slots', () => {
  it.each([
    [1, 'a', 'a'],
    [2, 'a', 'a'],
    [4, 'a', 'aa'],
    [5, 'a', 'aaa'],
    [8, 'a', 'aaaa'],
    [4, 'ab', 'aba'],
    [4, 'abcd', 'abcd'],
  ])('of %i, the projects %s get %s', (slots, projects, begun) => {
    const held = new HeldEvents(slots);
    for (const project of projects) held.add(eventsOf(project, 10), 0);
    expect(projectsOf(begin(held))).toBe(begun);
  });

  it('stay for others while a project keeps its own, and while a second one does', () => {
    const held = new HeldEvents(4);
    held.add(eventsOf('a', 8), 0);
    begin(held);
    held.add(eventsOf('b', 8), 0);
    expect(projectsOf(begin(held))).toBe('b');
    held.add(eventsOf('c', 1), 0);
    expect(projectsOf(begin(held))).toBe('c');
  });

  it('go to the projects in turn, and to the events of each in their order', () => {
    const held = new HeldEvents(2);
    const [a, b] = [eventsOf('a', 3), eventsOf('b', 3)];
    held.add(a, 0);
    held.add(b, 0);
    const order: (string | undefined)[] = [];
    for (let event = held.next(); event !== undefined; event = held.next()) {
      order.push(event.event_id);
      held.end(event);
    }
    expect(order).toEqual([a[0], b[0], a[1], b[1], a[2], b[2]].map((event) => event?.event_id));
  });

  it('go to events of one object one after another, and to others meanwhile', () => {
    const held = new HeldEvents(8);
    const [first, second] = eventsOf('a', 2, 'in_1');
    const [other] = eventsOf('a', 1, 'in_2');
    const all = [first, second, other].filter((event) => event !== undefined);
    held.add(all, 0);
    expect(begin(held)).toEqual([first, other]);
    if (first !== undefined) held.end(first);
    expect(begin(held)).toEqual([second]);
  });
});

describe('places', () => {
  it('are half for one project, however many events it has, and half of the rest for the next', () => {
    const held = new HeldEvents(4);
    expect([...held.shares(['a'])]).toEqual([['a', 8]]);
    held.add(eventsOf('a', 8), 0);
    expect([...held.shares(['a', 'b'])]).toEqual([['b', 4]]);
    begin(held);
    expect([...held.shares(['a', 'b'])]).toEqual([['b', 4]]);
    held.add(eventsOf('b', 4), 0);
    expect([...held.shares(['a', 'b', 'c'])]).toEqual([['c', 2]]);
  });

  it('are divided evenly among many', () => {
    const held = new HeldEvents(4);
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const shares = held.shares(names);
    expect([...shares.values()]).toEqual(Array.from({ length: 16 }, () => 1));
    expect([...held.shares(['a', 'b', 'c']).values()]).toEqual([4, 4, 4]);
  });

  it('are free again when events end', () => {
    const held = new HeldEvents(1);
    const [event] = eventsOf('a', 1);
    held.add(event === undefined ? [] : [event], 0);
    expect(held.free).toBe(3);
    begin(held);
    expect([held.free, held.waitingCount, held.projectCount]).toEqual([3, 0, 1]);
    if (event !== undefined) held.end(event);
    expect([held.free, held.projectCount]).toEqual([4, 0]);
  });
});

it('events that have waited too long are given up, the others stay', () => {
  const held = new HeldEvents(1);
  const [old, young] = [eventsOf('a', 2), eventsOf('a', 1)];
  held.add(old, 10);
  held.add(young, 20);
  expect(held.takeWaitingSince(10)).toEqual(old);
  expect(held.takeWaitingSince(10)).toEqual([]);
  expect(begin(held)).toEqual(young);
});
