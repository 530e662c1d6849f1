/** A socket that opened and said nothing, or whose server is gone without a word: longer is a network of another time. */
const READY_WITHIN_MS = 20_000;
/**
 * Looks in one heartbeat: what is silent at one is asked at the next, and has until the one behind that to answer. So a
 * network that is gone is noticed within a heartbeat, and a server that is busy has a third of one, some eight seconds.
 */
const LOOKS_PER_HEARTBEAT = 3;

/** What is there at all answers a question sooner. */
const ANSWERS_WITHIN_MS = 4_000;

export interface Watch {
  heard(): void;
  /** The network may have changed: asks now, and gives up soon unless something is heard. */
  check(): void;
  /** From `ready` on: how long a heartbeat of the server is. */
  every(heartbeatMs: number): void;
  stop(): void;
}

/** Notices that nobody is there any more. A page cannot see the server's pings, so it asks for itself. */
export function createWatch(act: { readonly ask: () => void; readonly giveUp: () => void }): Watch {
  let silences = 0;
  let isReady = false;
  let timer = setInterval(act.giveUp, READY_WITHIN_MS);
  let answerDue: ReturnType<typeof setTimeout> | undefined;

  function heard(): void {
    silences = 0;
    clearTimeout(answerDue);
    answerDue = undefined;
  }

  function look(): void {
    silences += 1;
    // The first look comes at most one interval after something was heard.
    if (silences === 2) act.ask();
    else if (silences > 2) act.giveUp();
  }
  return {
    heard,
    check() {
      if (answerDue !== undefined) return;
      answerDue = setTimeout(act.giveUp, ANSWERS_WITHIN_MS);
      // One that is not open yet is asked nothing: it may have been knocking since there was no network.
      if (isReady) act.ask();
    },
    every(heartbeatMs) {
      isReady = true;
      clearInterval(timer);
      timer = setInterval(look, heartbeatMs / LOOKS_PER_HEARTBEAT);
    },
    stop() {
      clearInterval(timer);
      clearTimeout(answerDue);
    },
  };
}
