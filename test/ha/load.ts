import { createHmac, randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import { eventually } from '../support/eventually.js';
import { fakeCredential } from '../support/credentials.js';

/** Clients of each kind: one changes configurations, one reads them, one delivers webhooks as Stripe does. */
const CLIENTS = 4;
/** Between two requests of a client, in milliseconds. */
const PAUSE_MS = 40;
/** Longest a client waits, in milliseconds: longer than any answer may take. */
const LIMIT_MS = 15_000;

/** What one fault cost. */
export interface Result {
  sent: number;
  /** How many requests, by kind and cause. */
  failed: Map<string, number>;
  /** The longest time in which no request of a kind succeeded, in milliseconds. */
  longestGap: Map<string, number>;
  /** In milliseconds. */
  longestAnswer: number;
  /** Acknowledged changes and events that are not stored. */
  lost: number;
  /** Reads that showed less than what was acknowledged before. */
  stale: number;
  /** Changes and effects that are there twice. */
  doubled: number;
}

interface Answer {
  status: number;
  /** Why there was no success: the code of the service's answer, `proxy` for one of the proxy, or that of the connection. */
  fault: string | undefined;
  etag: string | undefined;
}

/** Requests without a pause, and the record of what was acknowledged. */
export class Load {
  private readonly agent = new Agent({ keepAlive: true });
  private readonly changes = new Map<string, { projectId: string; version: number }>();
  private readonly events = new Map<string, string>();
  private readonly versions = new Map<string, number>();
  private projects: string[] = [];
  private clients: Promise<void>[] = [];
  private isOver = false;
  private count = 0;
  private result = emptyResult();
  private readonly lastSuccess = new Map<string, number>();

  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  /** Makes the projects, each with a webhook secret. */
  async prepare(): Promise<void> {
    for (let index = 0; index < CLIENTS; index++) {
      const response = await fetch(`${this.url}/api/v1/projects`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `Project ${String(index)}` }),
      });
      const { id } = (await response.json()) as { id: string };
      this.projects.push(id);
      await this.change(id, { live_webhook_secret: fakeCredential('live_webhook_secret', id) });
    }
  }

  start(): void {
    this.isOver = false;
    this.result = emptyResult();
    const now = performance.now();
    for (const kind of ['change', 'read', 'webhook']) this.lastSuccess.set(kind, now);
    this.clients = this.projects.flatMap((projectId) => [
      this.repeat(() =>
        this.change(projectId, { test_webhook_secret: fakeCredential('test_webhook_secret', randomUUID()) }),
      ),
      this.repeat(() => this.read(projectId)),
      this.repeat(() => this.deliver(projectId)),
    ]);
  }

  /** Ends the requests, waits until all events were handled, and counts what is not as it was acknowledged. */
  async stop(database: pg.Pool): Promise<Result> {
    this.isOver = true;
    await Promise.all(this.clients);
    for (const kind of this.lastSuccess.keys()) this.succeeded(kind);
    await eventually(
      'all events to be handled',
      async () => {
        const { rows } = await database.query(`SELECT FROM stripe_events WHERE status <> 'handled' LIMIT 1`);
        return rows.length === 0;
      },
      120_000,
    );
    this.result.lost = (await this.lostChanges(database)) + (await this.lostEvents(database));
    this.result.doubled = await doubled(database);
    return this.result;
  }

  /** Closes the connections of the clients. */
  close(): void {
    this.agent.destroy();
  }

  private async repeat(once: () => Promise<void>): Promise<void> {
    while (!this.isOver) {
      await once();
      await delay(PAUSE_MS);
    }
  }

  private async change(projectId: string, credentials: Record<string, string>): Promise<void> {
    const id = randomUUID();
    const headers = {
      authorization: `Bearer ${this.token}`,
      'x-request-id': id,
      'content-type': 'application/json',
    };
    const path = `/api/v1/payments/stripe/projects/${projectId}/config`;
    const { status, etag } = await this.send('change', 'PUT', path, headers, JSON.stringify(credentials));
    if (status !== 200) return;
    const version = versionOf(etag);
    this.changes.set(id, { projectId, version });
    this.versions.set(projectId, version);
  }

  /** What was acknowledged before the question was asked must be in the answer. */
  private async read(projectId: string): Promise<void> {
    const acknowledged = this.versions.get(projectId) ?? 0;
    const path = `/api/v1/payments/stripe/projects/${projectId}/config`;
    const { status, etag } = await this.send('read', 'GET', path, { authorization: `Bearer ${this.token}` });
    if (status === 200 && versionOf(etag) < acknowledged) this.result.stale += 1;
  }

  /** Until it is acknowledged, as Stripe does. */
  private async deliver(projectId: string): Promise<void> {
    const id = `evt_${String(this.count++)}`;
    const created = Math.floor(Date.now() / 1_000);
    const body = JSON.stringify({
      id,
      object: 'event',
      type: 'invoice.paid',
      livemode: true,
      created,
      data: { object: { id: `in_${id}`, object: 'invoice' } },
    });
    while (!this.isOver) {
      const time = Math.floor(Date.now() / 1_000);
      const signature = createHmac('sha256', fakeCredential('live_webhook_secret', projectId))
        .update(`${String(time)}.${body}`)
        .digest('hex');
      const headers = {
        'stripe-signature': `t=${String(time)},v1=${signature}`,
        'content-type': 'application/json',
      };
      const path = `/api/v1/payments/stripe/webhooks/${projectId}/live`;
      const { status } = await this.send('webhook', 'POST', path, headers, body);
      if (status === 200) {
        this.events.set(id, projectId);
        return;
      }
      await delay(PAUSE_MS);
    }
  }

  private async send(
    kind: string,
    method: string,
    path: string,
    headers: Record<string, string>,
    body = '',
  ): Promise<Answer> {
    const begun = performance.now();
    const answer = await new Promise<Answer>((resolve) => {
      const sent = request(
        `${this.url}${path}`,
        { method, agent: this.agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
        (response) => {
          const { statusCode: status = 0, headers: answered } = response;
          response.on('error', (error: NodeJS.ErrnoException) => {
            resolve({ status: 0, fault: error.code ?? error.name, etag: undefined });
          });
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => {
            const code = /"code":"(\w+)"/.exec(text)?.[1] ?? 'proxy';
            resolve({ status, fault: status === 200 ? undefined : code, etag: answered.etag });
          });
        },
      );
      sent.setTimeout(LIMIT_MS, () => sent.destroy(Object.assign(new Error(), { code: 'NO_ANSWER' })));
      sent.on('error', (error: NodeJS.ErrnoException) => {
        resolve({ status: 0, fault: error.code ?? error.name, etag: undefined });
      });
      sent.end(body);
    });
    const { result } = this;
    result.sent += 1;
    result.longestAnswer = Math.max(result.longestAnswer, Math.round(performance.now() - begun));
    if (answer.fault === undefined) this.succeeded(kind);
    else {
      const name = `${kind} ${answer.fault}`;
      result.failed.set(name, (result.failed.get(name) ?? 0) + 1);
    }
    return answer;
  }

  private succeeded(kind: string): void {
    const now = performance.now();
    const gap = Math.round(now - (this.lastSuccess.get(kind) ?? now));
    const { longestGap } = this.result;
    longestGap.set(kind, Math.max(longestGap.get(kind) ?? 0, gap));
    this.lastSuccess.set(kind, now);
  }

  /** Each acknowledged change has its row in the trail, with the version of its answer. */
  private async lostChanges(database: pg.Pool): Promise<number> {
    const rows = await database.query<{ id: string }>(
      `SELECT request_id::text AS id FROM stripe_config_audit
        JOIN unnest($1::uuid[], $2::text[], $3::integer[]) AS acknowledged (id, project, number)
          ON request_id = id AND project_id = project AND version = number`,
      [
        [...this.changes.keys()],
        [...this.changes.values()].map(({ projectId }) => projectId),
        [...this.changes.values()].map(({ version }) => version),
      ],
    );
    return this.changes.size - rows.rows.length;
  }

  private async lostEvents(database: pg.Pool): Promise<number> {
    const { rows } = await database.query<{ stored: number }>(
      `SELECT count(*)::integer AS stored FROM stripe_events
        JOIN unnest($1::text[], $2::text[]) AS acknowledged (id, project) ON event_id = id AND project_id = project`,
      [[...this.events.keys()], [...this.events.values()]],
    );
    return this.events.size - (rows[0]?.stored ?? 0);
  }
}

/** Requests that changed a configuration twice, and events that were not applied exactly once. */
async function doubled(database: pg.Pool): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    `SELECT (
      SELECT count(*) FROM (SELECT FROM stripe_config_audit GROUP BY request_id HAVING count(*) > 1) AS changes
    )::integer + (
      SELECT count(*) FROM (
        SELECT FROM stripe_events LEFT JOIN effects USING (project_id, event_id)
        GROUP BY project_id, event_id HAVING count(effects.event_id) <> 1
      ) AS events
    )::integer AS count`,
  );
  return rows[0]?.count ?? 0;
}

function emptyResult(): Result {
  return {
    sent: 0,
    failed: new Map(),
    longestGap: new Map(),
    longestAnswer: 0,
    lost: 0,
    stale: 0,
    doubled: 0,
  };
}

function versionOf(etag: string | undefined): number {
  return Number(/\d+/.exec(etag ?? '')?.[0] ?? 0);
}
