/** Names the advisory lock of migrations, whoever runs them. */
export const MIGRATION_LOCK = 'nest-stripe-config:migrations';

/** How long a migration waits for a table in use: others queue behind it for as long. In milliseconds. */
export const TABLE_WAIT_MS = 2_000;
/** How long one try waits for the lock, and how often it checks, in milliseconds. */
export const LOCK_WAIT_MS = 10_000;
export const LOCK_POLL_MS = 250;
/** When the database takes the lock from a holder that does not respond, in milliseconds. */
export const SILENCE_MS = 30_000;

/** Another process is migrating this database, or died while it did and still holds the lock. */
export class MigrationLockHeld extends Error {
  override name = 'MigrationLockHeld';

  constructor() {
    super('another session holds the lock of migrations');
  }
}
