import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { PAYMENTS_DATABASE, type Database } from '../database/database.js';
import { withinDeadline } from '../common/deadline.js';
import { DependencyUnavailable } from '../domain/errors.js';
import { PaymentsOptionsError } from '../options/options-error.js';
import { examineSchema, listMissing, type SchemaFindings } from './schema-findings.js';

/** Longest time for checking a database, in milliseconds: after it the database counts as unreachable. */
const EXAMINE_MS = 10_000;

/** Refuses to start on a database that was not migrated. One that is unreachable is no fault here: its users wait for it. */
@Injectable()
export class SchemaCheck implements OnModuleInit {
  constructor(@Inject(PAYMENTS_DATABASE) private readonly database: Database) {}

  async onModuleInit(): Promise<void> {
    const { pool, advice } = this.database;
    if (pool === undefined) return;
    // The pool of a host may have no time limit.
    const findings = await withinDeadline(
      EXAMINE_MS,
      () => examineSchema(this.database),
      () => new DependencyUnavailable('database'),
    ).catch(() => undefined);
    const uses = await withinDeadline(
      EXAMINE_MS,
      async () => advice.faults(),
      () => new DependencyUnavailable('database'),
    ).catch((): string[] => []);
    const faults = [...uses, ...(findings === undefined ? [] : faultsOf(findings, this.database))];
    if (faults.length > 0)
      throw new PaymentsOptionsError(faults.map((fault) => `${advice.option}: ${fault}`));
  }
}

function faultsOf({ isEmpty, missing, ...findings }: SchemaFindings, { advice }: Database): string[] {
  if (isEmpty) return [`its database lacks the tables; ${advice.migrate}`, ...findings.faults];
  if (missing.length === 0) return findings.faults;
  return [`its database lacks ${listMissing({ missing })}; ${advice.complete}`, ...findings.faults];
}
