import type { Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { isSpread } from '../database/schema-name.js';
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
    const events = await this.claimOf(held.shares(projects));
    return { events, isMore: !isAll || longestDue.length > events.length };
  }

  private async claimOf(shares: ReadonlyMap<string, number>): Promise<ClaimedEvent[]> {
    const all = [...shares];
    // The rows of one project are on one machine, and only there one statement can lock and change them.
    const claims = isSpread(this.database) ? all.map((each) => [each]) : all.length > 0 ? [all] : [];
    const claimed: ClaimedEvent[] = [];
    for (const claim of claims) {
      const events = await runStatement(this.database, 'write', CLAIM_EVENTS, {
        project_ids: claim.map(([project]) => project),
        shares: claim.map(([, share]) => share),
        lease_seconds: LEASE_SECONDS,
      });
      claimed.push(...events);
    }
    return claimed;
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
    const found: string[] = [];
    for (let isMore = true; isMore;) {
      const next = { after: found.at(-1) ?? after, limit: limit - found.length };
      const rows = await runStatement(this.database, 'read', NEXT_DUE_PROJECTS, next);
      found.push(...rows.map(({ project_id }) => project_id));
      // From project to project: one machine goes by itself, several are asked for each step.
      isMore = isSpread(this.database) && rows.length > 0 && found.length < limit;
    }
    return found;
  }
}
