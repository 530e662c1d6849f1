/**
 * What a service is to the one who runs it: something that starts, and stops in reverse order.
 * `stop` finishes what was accepted, is bounded in time, and may be called more than once.
 */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Joins services into one: started in order, stopped in reverse, and what had started is stopped when a later one fails. */
export function composeServices(name: string, services: readonly Service[]): Service {
  const started: Service[] = [];

  async function stop(): Promise<void> {
    const failures: unknown[] = [];
    for (let service = started.pop(); service !== undefined; service = started.pop()) {
      await service.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw new AggregateError(failures, `${name}: not everything stopped cleanly`);
  }

  return {
    name,
    async start() {
      for (const service of services) {
        try {
          await service.start();
          started.push(service);
        } catch (error) {
          await stop();
          throw error;
        }
      }
    },
    stop,
  };
}
