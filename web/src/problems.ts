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
  switch (code) {
    case "validation_failed":
    case "malformed_request":
      return [detail, ...errors.map((error) => error.detail)].some((sentence) => TOO_LONG.test(sentence))
        ? words.tooLong
        : words.wrongContent;
    case "forbidden":
    case "not_found":
    case "message_deleted":
    case "payload_too_large":
    case "quota_exceeded":
    case "unsupported_media_type":
    case "too_many_requests":
      return words.problems[code];
    default:
      return status >= 500 ? words.unreachable : words.problems.other;
  }
}

/** It has no code of its own. A sentence that says it otherwise is told as content that is wrong, which is true too. */
const TOO_LONG = /must be shorter|more than \d+ characters|too long/;
