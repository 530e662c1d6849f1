/** Commands of one socket whose answers are not there yet. Above, its frames wait in the kernel, and with them the client. */
const MAX_IN_FLIGHT = 64;

/** What the frames of one socket have set going and is not over yet. */
export interface WorkInFlight {
  /** Begins at once. `id`: the client's name for the frame. */
  begin(id: string | null, work: () => Promise<void>): void;
  /** Begins when all that was queued before is over, so that each finds what those before it have made: at once when nothing is. */
  queue(id: string | null, work: () => Promise<void>): void;
}

export interface WorkInFlightOptions {
  readonly socket: { pause(): void; resume(): void };
  readonly failed: (id: string | null, error: unknown) => void;
}

export function createWorkInFlight({ socket, failed }: WorkInFlightOptions): WorkInFlight {
  let inFlight = 0;
  /** The last of those that wait for one another; null when none is under way. */
  let queued: Promise<void> | null = null;

  function begin(id: string | null, work: () => Promise<void>): void {
    inFlight += 1;
    if (inFlight === MAX_IN_FLIGHT) socket.pause();
    void work()
      .catch((error: unknown) => failed(id, error))
      .finally(() => {
        if (inFlight === MAX_IN_FLIGHT) socket.resume();
        inFlight -= 1;
      });
  }

  function inOrder(work: () => Promise<void>): Promise<void> {
    const done = queued === null ? work() : queued.then(work, work);
    const over = (): void => {
      if (queued === done) queued = null;
    };
    queued = done;
    done.then(over, over);
    return done;
  }

  return { begin, queue: (id, work) => begin(id, () => inOrder(work)) };
}
