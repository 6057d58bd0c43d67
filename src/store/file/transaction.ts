/** Work in one transaction of SQLite that writes: all of it stands, or nothing. Throws what kept it from standing. */
export function inTransaction<T>(execute: (sql: string) => void, work: () => T): T {
  execute("BEGIN IMMEDIATE");
  try {
    const done = work();
    execute("COMMIT");
    return done;
  } catch (error) {
    rollBack(execute);
    throw error;
  }
}

/** A failed statement may have ended the transaction already; then there is nothing to take back. */
function rollBack(execute: (sql: string) => void): void {
  try {
    execute("ROLLBACK");
  } catch {
    // The error that led here says what is wrong.
  }
}
