import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import {
  CLAIM_EVENTS,
  LONGEST_DUE,
  NEXT_DUE_PROJECTS,
  type ClaimedEvent,
} from './event-worker.statements.js';
import type { HeldEvents } from './held-events.js';

/** After this time another worker may claim the events of one that died, in seconds. */
export const LEASE_SECONDS = 30;
/** Among so many of the longest due events every project is found, unless there are more. */
const WINDOW = 100;

/** What a claim gave. */
export interface Claim {
  events: ClaimedEvent[];
  /** Whether more events are due than were claimed. */
  isMore: boolean;
}

/** Claims events so that every project has its turn, however many events another one has. */
export class EventClaims {
  /** After which project to go on, where there are too many to know them all. */
  private last = '';

  constructor(private readonly database: Database) {}

  /** Claims as many events as may be held. */
  async claim(held: HeldEvents): Promise<Claim> {
    if (held.free === 0) return { events: [], isMore: true };
    const longestDue = await runStatement(this.database, 'read', LONGEST_DUE, { limit: WINDOW });
    const isAll = longestDue.length < WINDOW;
    const projects = isAll
      ? [...new Set(longestDue.map(({ project_id }) => project_id))]
      : await this.nextProjects(held.free + held.projectCount);
    const shares = held.shares(projects);
    const events =
      shares.size === 0
        ? []
        : await runStatement(this.database, 'write', CLAIM_EVENTS, {
            project_ids: [...shares.keys()],
            shares: [...shares.values()],
            lease_seconds: LEASE_SECONDS,
          });
    return { events, isMore: !isAll || longestDue.length > events.length };
  }

  /** The projects whose turn is next, from the first on again behind the last. */
  private async nextProjects(limit: number): Promise<string[]> {
    const found = await this.projectsAfter(this.last, limit);
    const missing = limit - found.length;
    if (missing > 0 && this.last !== '') found.push(...(await this.projectsAfter('', missing)));
    this.last = found.at(-1) ?? '';
    return [...new Set(found)];
  }

  private async projectsAfter(after: string, limit: number): Promise<string[]> {
    const rows = await runStatement(this.database, 'read', NEXT_DUE_PROJECTS, { after, limit });
    return rows.map(({ project_id }) => project_id);
  }
}
