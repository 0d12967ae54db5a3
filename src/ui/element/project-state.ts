import { modeOf, type CredentialField, type Mode } from '../../payments/domain/credentials.js';
import { isEnough, type ProjectRole } from '../../payments/domain/project-access.js';
import type { StripeConfigRequest } from '../../payments/stripe-config/stripe-config.dto.js';
import { ApiError } from '../api/api-error.js';
import type { Config, Health, History, ProjectApi } from '../api/project-api.js';

/** As many as tell of each field who changed it last, mostly. */
const HISTORY_PAGE = '20';

/** What the page knows of a project; each of its sections shows a part of it. Reports `change` when that has changed. */
export class ProjectState extends EventTarget {
  /** Null: nothing is configured. Undefined: not known yet. */
  config: Config | null | undefined;
  /** Undefined also where nothing was ever configured. */
  health: Health | undefined;
  /** The newest changes; undefined where they are not known. */
  history: History | undefined;
  /** Why it is not known. */
  fault: ApiError | undefined;
  private etag: string | undefined;

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
    try {
      const [config] = await Promise.all([this.api.config(), this.loadAround()]);
      this.take(config.value, config.etag);
    } catch (error) {
      this.fault = asApiError(error);
      this.report();
    }
  }

  /** Reads how keys and webhooks are. */
  async loadHealth(): Promise<void> {
    this.health = await this.api.health();
    this.report();
  }

  /** Whether the caller may do what needs a role. The service decides; this spares them the attempt. */
  may(role: ProjectRole): boolean {
    const own = this.health?.caller_role;
    return own === undefined || isEnough(own, role);
  }

  /**
   * Stores changes of the version that is shown.
   *
   * @throws ApiError, with the status 412 where somebody else was faster
   */
  async store(changes: StripeConfigRequest): Promise<void> {
    const { value, etag } = await this.api.store(changes, this.etag ?? 'none');
    this.take(value, etag);
    // It is stored: what is pasted can go, whatever becomes of the rest.
    this.loadAround().then(
      () => {
        this.report();
      },
      (error: unknown) => {
        this.fault = asApiError(error);
        this.report();
      },
    );
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

  /** Deactivates the version that is shown. */
  async deactivate(): Promise<void> {
    await this.api.deactivate(this.etag);
    await this.load();
  }

  private async loadAround(): Promise<void> {
    const [health, history] = await Promise.all([
      this.api.health(),
      // What is stored can be shown and changed without it.
      this.api.history({ limit: HISTORY_PAGE }).catch(() => undefined),
    ]);
    Object.assign(this, { health, history, fault: undefined });
  }

  private take(config: Config | null, etag: string | undefined): void {
    this.config = config;
    this.etag = etag;
    this.report();
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
