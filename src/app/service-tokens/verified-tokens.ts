import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { InjectDataSource } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { DataSource } from 'typeorm';
import { PaymentsLogger } from '../../payments/common/payments-logger.js';
import type { Database } from '../../payments/database/database.js';
import { Lookup } from '../../payments/database/lookup.js';
import { RepeatedFault } from '../../payments/database/repeated-fault.js';
import { runStatement } from '../../payments/database/run-statement.js';
import type { RowOf } from '../../payments/database/statement.js';
import { typeormDatabase } from '../../payments/database/typeorm-database.js';
import { PaymentsError } from '../../payments/domain/errors.js';
import type { ServiceTokenVerifier } from '../../payments/http/access/service-tokens.js';
import type { Caller } from '../../payments/http/http-request.js';
import { ChangeAnnouncements } from '../../payments/stripe-config/change-announcements.js';
import { FIND_TOKENS, NOTE_USE } from './token-access.statements.js';
import { hashOf, isWellFormed, looksLikeToken } from './token-form.js';
import { isTokenSubject, tokenSubject } from './token-subject.js';

/** How long a token is taken for what it was, in milliseconds, should announcements not arrive. Unknown ones as well. */
const CACHE_MS = 5_000;
const MAX_CACHED = 5_000;
/** How long unknown tokens are gathered for one statement, in milliseconds: a flood costs a hundred statements a second at most. */
const GATHER_MS = 10;
/** How often it is noted that a token is in use, in milliseconds. */
const USE_MS = 60_000;

type Token = RowOf<typeof FIND_TOKENS>;

/** Verifies service tokens, and remembers them for a short while. */
@Injectable()
export class VerifiedTokens implements ServiceTokenVerifier, OnModuleInit {
  private readonly database: Database;
  private readonly tokens: Lookup<Token>;
  /** By hash; false: there is none. */
  private readonly known = new LRUCache<string, Token | false>({ max: MAX_CACHED, ttl: CACHE_MS });
  private readonly noted = new LRUCache<string, true>({ max: MAX_CACHED, ttl: USE_MS });
  private readonly fault = new RepeatedFault(
    new PaymentsLogger(VerifiedTokens.name),
    'background_task.failed',
    'background_task.recovered',
  );

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly moduleRef: ModuleRef,
  ) {
    const database = typeormDatabase(dataSource);
    this.database = database;
    this.tokens = new Lookup(
      (hashes) => runStatement(database, 'read', FIND_TOKENS, { hashes }),
      ({ token_hash }) => token_hash,
      GATHER_MS,
    );
  }

  onModuleInit(): void {
    this.moduleRef.get(ChangeAnnouncements, { strict: false }).subscribe((projectId) => {
      if (projectId === undefined) this.known.clear();
      else this.forget(projectId);
    });
  }

  looksLikeOne(token: string): boolean {
    return looksLikeToken(token);
  }

  isSubject(subject: string): boolean {
    return isTokenSubject(subject);
  }

  async verify(token: string): Promise<Caller> {
    // What was never made costs no statement.
    if (!isWellFormed(token)) throw invalid();
    const found = await this.find(hashOf(token));
    if (found === false) throw invalid();
    if (found.is_revoked) {
      throw new PaymentsError(
        'service_token_revoked',
        'The service token was revoked; make another one if it is still needed.',
      );
    }
    if (found.expires_at.getTime() <= Date.now()) {
      throw new PaymentsError('service_token_expired', 'The service token has expired; make another one.');
    }
    this.noteUse(found.id);
    return { subject: tokenSubject(found.id), isServiceToken: true };
  }

  private async find(hash: string): Promise<Token | false> {
    const known = this.known.get(hash);
    if (known !== undefined) return known;
    const found = (await this.tokens.find(hash)) ?? false;
    this.known.set(hash, found);
    return found;
  }

  private forget(projectId: string): void {
    for (const [hash, token] of this.known.entries()) {
      if (token !== false && token.project_ids.includes(projectId)) this.known.delete(hash);
    }
  }

  /** Nobody waits for it. */
  private noteUse(id: string): void {
    if (this.noted.has(id)) return;
    this.noted.set(id, true);
    runStatement(this.database, 'write', NOTE_USE, { id }).then(
      () => {
        this.fault.worked();
      },
      (error: unknown) => {
        this.noted.delete(id);
        this.fault.failed(error);
      },
    );
  }
}

function invalid(): PaymentsError {
  return new PaymentsError(
    'service_token_invalid',
    'There is no such service token; check that it was copied whole.',
  );
}
