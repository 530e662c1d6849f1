import pg from "pg";
import type { Statement } from "./projections/projection.ts";

/** A statement after the first that failed says only this. */
const inFailedTransaction = "25P02";

/**
 * Runs all statements, or none. `client` is in pipeline mode and nobody else's: the statements and the end leave in
 * one go and are answered in one. BEGIN goes ahead of them and is waited for, since statements behind a BEGIN that
 * failed would each be a transaction of their own. Throws the error of the statement that failed first.
 */
export async function inTransaction(
  client: pg.ClientBase,
  statements: readonly Statement[],
  end: "COMMIT" | "ROLLBACK" = "COMMIT",
): Promise<void> {
  await client.query("BEGIN");
  const answers = await Promise.allSettled([
    ...statements.map(({ name, text, values }) => client.query({ name, text, values: [...values] })),
    client.query(end),
  ]);
  const failures = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
  if (failures.length > 0) throw failures.find((failure) => sqlState(failure) !== inFailedTransaction) ?? failures[0];
}

export function sqlState(error: unknown): string | null {
  return error instanceof pg.DatabaseError ? (error.code ?? null) : null;
}
