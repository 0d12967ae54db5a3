/** Another process is migrating this database, or died while it did and still holds the lock. */
export class MigrationLockHeld extends Error {
  override name = 'MigrationLockHeld';

  constructor() {
    super('another session holds the lock of migrations');
  }
}
