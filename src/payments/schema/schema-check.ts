import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { withinDeadline } from '../common/deadline.js';
import { PaymentsLogger } from '../common/payments-logger.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { PaymentsOptionsError } from '../options/options-error.js';
import { examineLocks } from './lock-check.js';
import { examineSchema, listMissing, type SchemaFindings } from './schema-findings.js';

/** Longest time for checking a database, in milliseconds: after it the database counts as unreachable. */
const EXAMINE_MS = 10_000;

/**
 * Refuses to start on a database that was not migrated, or whose engine lacks what the module relies on. One that is unreachable is no
 * fault here: its users wait for it.
 */
@Injectable()
export class SchemaCheck implements OnModuleInit {
  private readonly logger = new PaymentsLogger(SchemaCheck.name);

  constructor(@Inject(PAYMENTS_DATABASE) private readonly database: Database) {}

  async onModuleInit(): Promise<void> {
    const { pool, advice } = this.database;
    if (pool === undefined) return;
    const findings = await ifReachable(() => examineSchema(this.database));
    const uses = (await ifReachable(async () => advice.faults())) ?? [];
    this.refuse([...uses, ...(findings === undefined ? [] : faultsOf(findings, this.database))]);
    if (findings === undefined) return;
    const locks = await ifReachable(() => examineLocks(this.database));
    if (locks === undefined) return;
    this.refuse(locks.ofRows ? [] : [NO_ROW_LOCKS]);
    if (!locks.advisory) this.logger.write('database.advisory_locks_missing');
  }

  private refuse(faults: string[]): void {
    const { option } = this.database.advice;
    if (faults.length > 0) throw new PaymentsOptionsError(faults.map((fault) => `${option}: ${fault}`));
  }
}

const NO_ROW_LOCKS =
  'its engine lets a connection lock a row that another one has locked, so that changes could be lost and a removed project could come back; take an engine that keeps locks of rows (docs/engines.md)';

/** The pool of a host may have no time limit. */
async function ifReachable<T>(examine: () => Promise<T>): Promise<T | undefined> {
  return withinDeadline(EXAMINE_MS, examine, () => new DependencyUnavailable('database')).catch(
    () => undefined,
  );
}

function faultsOf({ isEmpty, missing, ...findings }: SchemaFindings, { advice }: Database): string[] {
  if (isEmpty) return [`its database lacks the tables; ${advice.migrate}`, ...findings.faults];
  if (missing.length === 0) return findings.faults;
  return [`its database lacks ${listMissing({ missing })}; ${advice.complete}`, ...findings.faults];
}
