import { setTimeout as pause } from "node:timers/promises";
import type { Answer } from "./user.ts";

/** What a client does between attempts; the next start of the chat is waited for by its address, not by this. */
const PAUSE_MS = 25;
/** With the pause, half a minute of refusals: a chat that answers but never does it. */
const MAX_ATTEMPTS = 1_200;

export interface Attempts {
  /** Calls whose connection broke while they waited: nobody knows what became of them. */
  broken: number;
  /** Calls that found nobody listening. */
  away: number;
  /** Answers with 503 and another code than `outcome_unknown`. */
  refused: number;
  /** Answers with 503 `outcome_unknown`. */
  unknown: number;
}

/** Repeats a call as every client should: until it is answered with something that is no 503. */
export async function untilAnswered<Body>(
  call: () => Promise<Answer<Body>>,
  attempts: Attempts,
): Promise<Answer<Body>> {
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const answer = await call().catch(howItFailed);
    if (typeof answer === "string") attempts[answer] += 1;
    else if (answer.status !== 503) return answer;
    else if (isUnknown(answer.body)) attempts.unknown += 1;
    else attempts.refused += 1;
    await pause(PAUSE_MS);
  }
  throw new Error(`not answered in ${MAX_ATTEMPTS} attempts`);
}

/**
 * `fetch` throws a TypeError for every connection that was refused or broke, and for nothing else that happens here.
 * It is told by its name: in a spec it comes from another realm.
 */
function howItFailed(error: unknown): "broken" | "away" {
  if (!Error.isError(error) || error.name !== "TypeError") throw error;
  const { cause } = error;
  return typeof cause === "object" && cause !== null && "code" in cause && cause.code === "ECONNREFUSED"
    ? "away"
    : "broken";
}

function isUnknown(body: unknown): boolean {
  return typeof body === "object" && body !== null && "code" in body && body.code === "outcome_unknown";
}
