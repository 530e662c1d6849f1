import type { ProblemObject } from "@chat/shared/api/problem-object";
import type { Words } from "./words.ts";

/** The server refused a change. */
export class ChangeRefused extends Error {
  override readonly name = "ChangeRefused";
  readonly problem: ProblemObject;

  constructor(problem: ProblemObject) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Why something did not happen, as the reader is told. What is no refusal is a server that was not reached. */
export const wordsOfError = (error: unknown, words: Words): string =>
  error instanceof ChangeRefused ? wordsOfProblem(error.problem, words) : words.noConnection;

/** The server's own sentences are for programmers, and in English. */
export function wordsOfProblem({ code, status, errors = [] }: ProblemObject, words: Words): string {
  if (code === "validation_failed" && errors.some(({ pointer }) => pointer === TEXT)) return words.tooLong;
  if (code === "validation_failed" || code === "malformed_request") return words.wrongContent;
  const told: Partial<Record<ProblemObject["code"], string>> = words.problems;
  return told[code] ?? (status >= 500 ? words.unreachable : words.problems.other);
}

/** What this page sends in a message's text is never empty and always storable: nothing but its length is left to be wrong. */
const TEXT = "/text";
