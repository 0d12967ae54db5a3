/** A transaction of a library that runs a function in one, held open until it is ended. */
export interface HeldTransaction<Handle> {
  /** What the library gives its function. */
  readonly handle: Handle;
  /** Lets the function succeed. @throws whatever the library throws */
  readonly commit: () => Promise<void>;
  /** Lets the function fail. Does nothing after {@link commit}. @throws whatever the library throws */
  readonly rollback: () => Promise<void>;
}

/** With what the function fails. */
class RollBack extends Error {}

/**
 * Opens a transaction by a method that takes a function, as `db.transaction(…)` of Drizzle and `prisma.$transaction(…)` do.
 *
 * @throws whatever the library throws when the transaction cannot be begun
 */
export async function holdTransaction<Handle>(
  run: (work: (handle: Handle) => Promise<void>) => Promise<unknown>,
): Promise<HeldTransaction<Handle>> {
  let commit = ignore;
  let fail: (error: Error) => void = ignore;
  const end = new Promise<void>((resolve, reject) => {
    commit = resolve;
    fail = reject;
  });
  // The library may have given up before it waits for the function's end.
  end.catch(ignore);
  let done: Promise<unknown> = end;
  const handle = await new Promise<Handle>((opened, failed) => {
    done = run((given) => {
      opened(given);
      return end;
    });
    done.catch(failed);
  });
  return {
    handle,
    async commit() {
      commit();
      await done;
    },
    async rollback() {
      fail(new RollBack());
      await done.catch((error: unknown) => {
        if (!(error instanceof RollBack)) throw error;
      });
    },
  };
}

function ignore(): void {
  // Replaced, or told by the promise of the whole.
}
