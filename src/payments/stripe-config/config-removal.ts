import { Injectable } from '@nestjs/common';
import type { Change } from '../domain/change.js';
import type { Preconditions } from '../domain/preconditions.js';
import { StripeConfigService } from './stripe-config.service.js';

/**
 * Removes what belongs to a configuration. It is called while the credentials can still be opened, and returns what is to
 * be done once they are erased.
 *
 * @param projectId in its canonical spelling
 * @param change who removes it
 */
export type RemovalHook = (projectId: string, change: Change) => Promise<() => Promise<void>>;

/** Deletes a configuration, and whatever was created for it. */
@Injectable()
export class ConfigRemoval {
  private readonly hooks: RemovalHook[] = [];

  constructor(private readonly configs: StripeConfigService) {}

  /** @param hook called at each removal from now on */
  onRemoval(hook: RemovalHook): void {
    this.hooks.push(hook);
  }

  /** Throws as {@link StripeConfigService.deactivate}. */
  async remove(projectId: string, change: Change, conditions?: Preconditions): Promise<void> {
    const finishers = await Promise.all(this.hooks.map((hook) => hook(projectId, change)));
    await this.configs.deactivate(projectId, change, conditions);
    await Promise.all(finishers.map((finish) => finish()));
  }
}
