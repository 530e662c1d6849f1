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
export function wordsOfProblem({ code, status, detail, errors = [] }: ProblemObject, words: Words): string {
  if (code === "validation_failed" || code === "malformed_request") {
    const sentences = [detail, ...errors.map((error) => error.detail)];
    return sentences.some((sentence) => TOO_LONG.test(sentence)) ? words.tooLong : words.wrongContent;
  }
  const told: Partial<Record<ProblemObject["code"], string>> = words.problems;
  return told[code] ?? (status >= 500 ? words.unreachable : words.problems.other);
}

/** It has no code of its own. A sentence that says it otherwise is told as content that is wrong, which is true too. */
const TOO_LONG = /must be shorter|more than \d+ characters|too long/;
