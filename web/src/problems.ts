import type { ProblemObject } from "@chat/shared/api/problem-object";
import type { NotSignedIn } from "./account.ts";
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

/** Why somebody is not signed in. Who is new is told which field is wrong; all others never hear which half of it was. */
export function wordsOfNotSignedIn(
  { problem, retryAfterSeconds }: Pick<NotSignedIn, "problem" | "retryAfterSeconds">,
  isNew: boolean,
  words: Words,
): string {
  if (problem?.code === "email_taken") return words.emailTaken;
  if (problem?.code === "too_many_requests") return words.tooMany(Math.max(1, Math.ceil(retryAfterSeconds / 60)));
  if (problem?.code === "invalid_credentials") return words.wrongCredentials;
  if (problem?.code !== "validation_failed") return words.unreachable;
  if (!isNew) return words.wrongCredentials;
  const fields: Readonly<Record<string, string>> = words.wrongFields;
  const [first] = (problem.errors ?? []).flatMap(({ pointer }) => fields[pointer.slice(1)] ?? []);
  return first ?? words.wrongContent;
}
