/** Time as the owner needs it: real in the service, virtual in the simulation. */
export interface Clock {
  /** Milliseconds, never backwards. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
};
