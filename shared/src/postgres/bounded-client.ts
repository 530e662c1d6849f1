import { Socket } from "node:net";
import pg from "pg";

export interface BoundedClientConfig extends pg.ClientConfig {
  /** A connection that owes an answer for longer is given up, and with it what was asked; no bound when absent. */
  readonly answerWithinMs?: number | undefined;
}

/** `query_timeout` is the bound of this question, where it is not that of its connection. */
type Question = string | (pg.QueryConfig & { readonly query_timeout?: number });
type Answered = (error: Error | null | undefined, result: unknown) => void;

/**
 * A client that keeps nothing of what it has answered.
 *
 * For `query_timeout`, and for each promise, `pg` 8.23 makes a callback in the very scope that holds the question. Each
 * answer then outlives V8's collections of young garbage: it is moved to the old heap and goes only when all of that is
 * looked through. (Answers of 17 kB, Node 24: a third of all that was allocated survived, in pauses of 10 to 20 ms instead of one.)
 * Here callbacks are made outside, in scopes of their own, and the bound is this client's.
 */
export class BoundedClient extends pg.Client {
  constructor({ answerWithinMs, ...config }: BoundedClientConfig = {}) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    const giveUp = (): void => void socket.destroy();

    const ask = (question: Question, values: unknown[] | undefined, answered: Answered): void => {
      const ms = (typeof question === "object" ? question.query_timeout : undefined) ?? answerWithinMs;
      const bounded = ms === undefined ? answered : within(ms, answered, giveUp);
      super.query(new pg.Query(question, values, bounded));
    };

    // An own property and no override: `pg` declares more ways to call it than are used.
    Object.assign(this, {
      query: (question: Question | pg.Submittable, values?: unknown[] | Answered, answered?: Answered): unknown => {
        // A cursor, or whatever else speaks the protocol by itself.
        if (typeof question === "object" && "submit" in question) return super.query(question);
        const callback = typeof values === "function" ? values : answered;
        const given = typeof values === "function" ? undefined : values;
        if (callback !== undefined) {
          ask(question, given, callback);
          return undefined;
        }
        const { promise, resolve, reject } = Promise.withResolvers();
        ask(question, given, settle(resolve, reject));
        return promise.catch(rethrow);
      },
    });
  }
}

/** Passes on the answer; when there is none in time an error, and then `late` is called. */
function within(ms: number, answered: Answered, late: () => void): Answered {
  let isOver = false;
  const timer = setTimeout(() => {
    isOver = true;
    answered(new Error("Query read timeout"), undefined);
    late();
  }, ms);
  return (error, result) => {
    if (isOver) return;
    clearTimeout(timer);
    answered(error, result);
  };
}

const settle =
  (resolve: (result: unknown) => void, reject: (error: Error) => void): Answered =>
  (error, result) => {
    if (error) reject(error);
    else resolve(result);
  };

/** With a stack that leads to whoever asked; `pg`'s own begins where the socket was read. */
function rethrow(error: unknown): never {
  if (error instanceof Error) Error.captureStackTrace(error, rethrow);
  throw error;
}
