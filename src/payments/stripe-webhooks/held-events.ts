import type { ClaimedEvent } from './event-worker.statements.js';

/** How many events are held for each slot, so that a slot which becomes free need not wait for the database. */
const PLACES_FOR_EACH_SLOT = 4;

interface Waiting {
  event: ClaimedEvent;
  since: number;
}

/**
 * The claimed events of one process: those with their handlers, one in each slot, and those that wait for one.
 *
 * No project can take them all: it gets another slot only while more slots are free than it has, and another place in the same
 * way. One that floods its inbox, or whose handlers hang, so has half of them at most, and the next such one half of the rest.
 */
export class HeldEvents {
  /** By project, the one whose turn is next first; the events of each in the order of their claims. */
  private readonly waiting = new Map<string, Waiting[]>();
  /** By project, the objects whose events are with their handlers. */
  private readonly running = new Map<string, Set<string>>();
  private readonly places: number;

  /** @param slots how many events may be with their handlers at once */
  constructor(private readonly slots: number) {
    this.places = slots * PLACES_FOR_EACH_SLOT;
  }

  /** How many wait for a slot. */
  get waitingCount(): number {
    return countOf([...this.waiting.values()].map(({ length }) => length));
  }

  /** How many projects have events here. */
  get projectCount(): number {
    return new Set([...this.waiting.keys(), ...this.running.keys()]).size;
  }

  /** How many more may be held. */
  get free(): number {
    return this.places - this.waitingCount - this.runningCount;
  }

  /** Divides what is free among projects, one each in turn; a project that may have none is left out. */
  shares(projects: readonly string[]): Map<string, number> {
    const shares = new Map<string, number>();
    let { free } = this;
    const mayHave = (project: string): boolean => free > this.heldBy(project) + (shares.get(project) ?? 0);
    for (let round = projects; round.length > 0; round = round.filter(mayHave)) {
      for (const project of round.filter(mayHave)) {
        if (!mayHave(project)) continue;
        shares.set(project, (shares.get(project) ?? 0) + 1);
        free -= 1;
      }
    }
    return shares;
  }

  /** Takes claimed events, the longest due first. */
  add(events: readonly ClaimedEvent[], since: number): void {
    for (const event of events) {
      const ofProject = this.waiting.get(event.project_id) ?? [];
      this.waiting.set(event.project_id, [...ofProject, { event, since }]);
    }
  }

  /** The next event that may have a slot, which it has from now on; events of one object run one after another. */
  next(): ClaimedEvent | undefined {
    for (const [project, events] of this.waiting) {
      const objects = this.running.get(project) ?? new Set();
      if (objects.size >= this.slots - this.runningCount) continue;
      const found = events.find(({ event }) => !objects.has(objectNameOf(event)));
      if (found === undefined) continue;
      this.waiting.delete(project);
      const rest = events.filter((each) => each !== found);
      // Behind the other projects.
      if (rest.length > 0) this.waiting.set(project, rest);
      this.running.set(project, objects.add(objectNameOf(found.event)));
      return found.event;
    }
    return undefined;
  }

  /** Frees the slot of an event. */
  end(event: ClaimedEvent): void {
    const objects = this.running.get(event.project_id);
    objects?.delete(objectNameOf(event));
    if (objects?.size === 0) this.running.delete(event.project_id);
  }

  /** Gives up the events that have waited since then or longer. */
  takeWaitingSince(time: number): ClaimedEvent[] {
    const taken: ClaimedEvent[] = [];
    for (const [project, events] of this.waiting) {
      taken.push(...events.filter(({ since }) => since <= time).map(({ event }) => event));
      const rest = events.filter(({ since }) => since > time);
      if (rest.length > 0) this.waiting.set(project, rest);
      else this.waiting.delete(project);
    }
    return taken;
  }

  private get runningCount(): number {
    return countOf([...this.running.values()].map(({ size }) => size));
  }

  private heldBy(project: string): number {
    return (this.waiting.get(project)?.length ?? 0) + (this.running.get(project)?.size ?? 0);
  }
}

/** The object that an event is about, or the event itself. */
export function objectNameOf({ project_id, mode, object_id, event_id }: ClaimedEvent): string {
  return `stripe-event ${project_id} ${mode} ${object_id ?? event_id}`;
}

function countOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
