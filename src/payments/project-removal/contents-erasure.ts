import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { runStatement } from '../database/run-statement.js';
import { RESOLVED_OPTIONS, type ResolvedOptions } from '../options/payments.options.js';
import { ConfigRemoval } from '../stripe-config/config-removal.js';
import { ERASE_CONTENTS, HAS_CONTENTS, WAIT_FOR_STORED } from './data-erasure.statements.js';
import { BATCH, eraseEvents } from './erase-events.js';

/** Erases the contents of stored events together with their configuration, where the options say so. */
@Injectable()
export class ContentsErasure implements OnModuleInit {
  constructor(
    private readonly removal: ConfigRemoval,
    @Inject(PAYMENTS_DATABASE) private readonly database: Database,
    @Inject(RESOLVED_OPTIONS) private readonly options: Pick<ResolvedOptions, 'eraseEventsOnDelete'>,
  ) {}

  onModuleInit(): void {
    if (!this.options.eraseEventsOnDelete) return;
    // Behind the configuration, which lets no event in any more.
    this.removal.onRemoval((projectId) => Promise.resolve(() => this.erase(projectId)));
  }

  private async erase(projectId: string): Promise<void> {
    const [row] = await runStatement(this.database, 'write', WAIT_FOR_STORED, { project_id: projectId });
    if (row === undefined) return;
    // What comes later belongs to a configuration that was stored anew.
    const { until } = row;
    await eraseEvents(
      () => this.eraseContents(projectId, until),
      () => runStatement(this.database, 'read', HAS_CONTENTS, { project_id: projectId, until }),
    );
  }

  /** Once through all events: what is erased stays, and would be read again by each batch. */
  private async eraseContents(projectId: string, until: Date): Promise<number> {
    let total = 0;
    for (let after = { after_mode: '', after_event_id: '' }; ;) {
      const values = { project_id: projectId, until, ...after, batch: BATCH };
      const [row] = await runStatement(this.database, 'write', ERASE_CONTENTS, values);
      if (row === undefined || row.mode === null || row.event_id === null) return total;
      total += row.count;
      after = { after_mode: row.mode, after_event_id: row.event_id };
    }
  }
}
