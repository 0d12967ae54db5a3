import { modeOf, type CredentialField, type Mode } from '../../payments/domain/credentials.js';
import { isEnough, type ProjectRole } from '../../payments/domain/project-access.js';
import type { StripeConfigRequest } from '../../payments/stripe-config/stripe-config.dto.js';
import { ApiError, isUnanswered } from '../api/api-error.js';
import type { Answer } from '../api/api.js';
import type { Config, Health, History, ProjectApi } from '../api/project-api.js';
import { Turns } from './turns.js';
import { deactivating, storing, type Unanswered } from './unanswered.js';

/** As many as tell of each field who changed it last, mostly. */
const HISTORY_PAGE = '20';

/** What the page knows of a project; each of its sections shows a part of it. Reports `change` when that has changed. */
export class ProjectState extends EventTarget {
  /** Null: nothing is configured. Undefined: not known yet. */
  config: Config | null | undefined;
  /** Undefined where nothing was ever configured, and where it is not known. */
  health: Health | undefined;
  /** Why it is not known; what is stored can be shown and changed without it. */
  healthFault: ApiError | undefined;
  /** The newest changes; undefined where they are not known. */
  history: History | undefined;
  /** The caller's role as far as the host knows it, for where the service cannot be asked. */
  givenRole: ProjectRole | undefined;
  /** Why what is stored is not known, or not anew. */
  fault: ApiError | undefined;
  /** What was sent from here, and of which no answer told whether it was done. */
  unanswered: readonly Unanswered[] = [];
  private etag: string | undefined;
  private role: ProjectRole | undefined;
  private readonly turns = { config: new Turns(), health: new Turns(), history: new Turns() };

  private carried: { field: CredentialField; value: string } | undefined;

  constructor(readonly api: ProjectApi) {
    super();
  }

  /** The version that is shown; 0 where there is none. */
  get version(): number {
    return Number(/\d+/.exec(this.etag ?? '')?.[0] ?? 0);
  }

  /** Reads everything anew. What fails is kept in {@link fault}. */
  async load(): Promise<void> {
    const isWanted = this.turns.config.begin();
    try {
      const [config] = await Promise.all([this.api.config(), this.loadAround()]);
      if (isWanted()) this.take(config);
    } catch (error) {
      if (isWanted()) this.fault = asApiError(error);
    }
    this.report();
  }

  /** Reads how keys and webhooks are. */
  async loadHealth(): Promise<void> {
    await this.readHealth();
    this.report();
  }

  /** Whether the caller may do what needs a role. The service decides; this spares them the attempt. */
  may(role: ProjectRole): boolean {
    const own = this.role ?? this.givenRole;
    return own === undefined || isEnough(own, role);
  }

  /**
   * Stores changes of the version that is shown.
   *
   * @throws ApiError, with the status 412 where somebody else was faster
   */
  async store(changes: StripeConfigRequest): Promise<void> {
    const { version } = this;
    const stored = await this.watch(
      () => storing(version, changes),
      this.api.store(changes, this.etag ?? 'none'),
    );
    // What was meant for an older version can be done no more.
    this.unanswered = [];
    this.turns.config.outdate();
    this.take(stored);
    this.report();
    // It is stored: what is pasted can go, whatever becomes of the rest.
    void this.loadAround().then(() => {
      this.report();
    });
  }

  /** Keeps a pasted value while the tab changes to the one where it belongs. */
  carry(field: CredentialField, value: string): void {
    this.carried = { field, value };
  }

  /** Gives what was carried to a field, once. */
  takeCarried(mode: Mode): { field: CredentialField; value: string } | undefined {
    const { carried } = this;
    this.carried = undefined;
    return carried !== undefined && modeOf(carried.field) === mode ? carried : undefined;
  }

  /**
   * Deactivates the version that is shown. What there is then has to be read.
   *
   * @throws ApiError, with the status 412 where somebody else has changed it
   */
  async deactivate(): Promise<void> {
    const { version } = this;
    await this.watch(() => deactivating(version), this.api.deactivate(this.etag));
    this.unanswered = [];
    this.turns.config.outdate();
  }

  /** Remembers a change to which no answer comes. What becomes of it is seen by what is read later. */
  async watch<T>(change: () => Unanswered, work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (isUnanswered(asApiError(error))) this.unanswered = [...this.unanswered, change()];
      throw error;
    }
  }

  /** Whether something that was entered may have been stored after a version, or may be still. */
  mayBeStoredSince(version: number): boolean {
    return this.unanswered.some((sent) => sent.masks.size > 0 && sent.version >= version);
  }

  private async loadAround(): Promise<void> {
    const health = this.readHealth().catch((error: unknown) => {
      this.health = undefined;
      this.healthFault = asApiError(error);
    });
    await Promise.all([health, this.readHistory()]);
  }

  private async readHealth(): Promise<void> {
    const isWanted = this.turns.health.begin();
    const health = await this.api.health();
    if (!isWanted()) return;
    this.health = health;
    this.healthFault = undefined;
    this.role = health?.caller_role ?? this.role;
  }

  private async readHistory(): Promise<void> {
    const isWanted = this.turns.history.begin();
    const history = await this.api.history({ limit: HISTORY_PAGE }).catch(() => undefined);
    if (!isWanted()) return;
    this.history = history;
    this.role = history?.caller_role ?? this.role;
  }

  private take({ value, etag }: Answer<Config | null>): void {
    this.config = value;
    this.etag = etag;
    this.fault = undefined;
  }

  private report(): void {
    this.dispatchEvent(new Event('change'));
  }
}

/** An error of the service as it is, and any other as one that has no details. */
export function asApiError(error: unknown): ApiError {
  return error instanceof ApiError
    ? error
    : new ApiError(0, 'unknown', 'This page has a fault; load it again.');
}
