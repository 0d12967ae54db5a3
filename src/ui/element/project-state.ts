import { isEnough, type ProjectRole } from '../../payments/domain/project-access.js';
import type { StripeConfigRequest } from '../../payments/stripe-config/stripe-config.dto.js';
import { ApiError } from '../api/api-error.js';
import type { Config, Health, ProjectApi } from '../api/project-api.js';

/** What the page knows of a project; each of its sections shows a part of it. Reports `change` when that has changed. */
export class ProjectState extends EventTarget {
  /** Null: nothing is configured. Undefined: not known yet. */
  config: Config | null | undefined;
  /** Undefined also where nothing was ever configured. */
  health: Health | undefined;
  /** Why it is not known. */
  fault: ApiError | undefined;
  private etag: string | undefined;

  constructor(readonly api: ProjectApi) {
    super();
  }

  /** Reads everything anew. What fails is kept in {@link fault}. */
  async load(): Promise<void> {
    try {
      const [config, health] = await Promise.all([this.api.config(), this.api.health()]);
      this.fault = undefined;
      this.health = health;
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
    await this.loadHealth();
  }

  /** Deactivates the version that is shown. */
  async deactivate(): Promise<void> {
    await this.api.deactivate(this.etag);
    await this.load();
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
