import { unwatchFile, watchFile } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { KeyRingError } from '../crypto/key-ring.js';
import type { KeyRingFile } from '../crypto/key-ring-file.js';
import { secretFileWarning } from '../crypto/secret-file.js';
import { describeError } from '../common/describe-error.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { OPENED_KEY_RING, type OpenedKeyRing } from './opened-key-ring.js';
import { Periodic } from '../database/periodic.js';
import { RepeatedFault } from '../database/repeated-fault.js';
import { KeyRingCheck } from './key-ring-check.js';

/** How often the ring is checked against the database, in milliseconds; while a check fails, more often. */
const CHECK_MS = 60_000;
const RECHECK_MS = 1_000;
/** How often the file is checked, in milliseconds: no event of the system reports every way to replace a file. */
const WATCH_MS = 1_000;

/** Checks the key ring as long as the application runs, and reloads a changed ring file. */
@Injectable()
export class KeyRingWatcher implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new PaymentsLogger(KeyRingWatcher.name);
  private readonly fault = new RepeatedFault(
    this.logger,
    'key_ring.check_failed',
    'key_ring.check_recovered',
  );
  private readonly periodic = new Periodic(KeyRingWatcher.name, async () => {
    await this.inTurn(() => this.check());
    return this.pauseMs;
  });
  private readonly stopped = new AbortController();
  private readonly source: KeyRingFile | undefined;
  private last = Promise.resolve();
  private readonly onChange = (): void => {
    void this.reload();
  };

  constructor(
    private readonly keyRingCheck: KeyRingCheck,
    @Inject(OPENED_KEY_RING) opened: OpenedKeyRing,
  ) {
    this.source = 'file' in opened ? opened : undefined;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.source !== undefined) {
      watchFile(this.source.file, { interval: WATCH_MS, persistent: false }, this.onChange);
      this.warnAbout(this.source.file);
    }
    await this.inTurn(() => this.check());
    this.periodic.start(this.pauseMs);
  }

  /** Runs while the database is still connected. A replica that could not sign off stops counting after three minutes. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopped.abort();
    if (this.source !== undefined) unwatchFile(this.source.file, this.onChange);
    await this.periodic.stop();
    await this.inTurn(() => this.keyRingCheck.signOff().catch(() => undefined));
  }

  /** Reloads the ring file now. A file that is no ring, or one that does not fit the database, leaves the old one in use. */
  reload(): Promise<void> {
    return this.inTurn(() => this.replaceRing());
  }

  /** One after the other, so that no check runs on a ring that is being replaced. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.last = this.last.then(work);
    return this.last;
  }

  private get pauseMs(): number {
    return this.keyRingCheck.fault === undefined ? CHECK_MS : RECHECK_MS;
  }

  private async check(): Promise<void> {
    try {
      await this.keyRingCheck.check();
      this.fault.worked();
    } catch (error) {
      this.fault.failed(error);
    }
  }

  private async replaceRing(): Promise<void> {
    if (this.source === undefined) return;
    try {
      const fault = await this.keyRingCheck.replaceRing(await this.source.read());
      if (fault === undefined) {
        this.logger.write('key_ring.replaced');
        this.warnAbout(this.source.file);
      } else this.logger.write('key_ring.rejected', { fault });
    } catch (error) {
      const fault = error instanceof KeyRingError ? error.message : describeError(error);
      this.logger.write('key_ring.rejected', { fault });
      // The database did not answer, so the ring was not checked.
      if (!(error instanceof KeyRingError)) this.reloadLater();
    }
  }

  private warnAbout(file: string): void {
    const warning = secretFileWarning(file);
    if (warning !== undefined) {
      this.logger.write('key_ring.file_exposed', { warning: `the key ring file ${warning}` });
    }
  }

  private reloadLater(): void {
    const { signal } = this.stopped;
    delay(RECHECK_MS, undefined, { ref: false, signal }).then(this.onChange, () => {
      // Stopped.
    });
  }
}
