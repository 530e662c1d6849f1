import { describe, expect, it } from "@jest/globals";
import { createWorkInFlight } from "./work-in-flight.ts";

/** Work whose ends the spec decides, on a socket that notes what becomes of it. */
function play() {
  const seen: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<null>>();
  const work = createWorkInFlight({
    socket: { pause: () => seen.push("pause"), resume: () => seen.push("resume") },
    failed: (id, error) => seen.push(`${id} failed: ${String(error)}`),
  });
  const does = (name: string) => async (): Promise<void> => {
    seen.push(`${name} begins`);
    const end = Promise.withResolvers<null>();
    ends.set(name, end);
    await end.promise;
    seen.push(`${name} is done`);
  };
  /** Ends it, and lets all that follows happen. */
  async function settle(name: string, error?: string): Promise<void> {
    if (error === undefined) ends.get(name)?.resolve(null);
    else ends.get(name)?.reject(error);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
  return { work, does, settle, seen: () => seen.splice(0) };
}

describe("work that is queued", () => {
  it("begins at once where nothing is queued, else when all before it is over, whatever became of that", async () => {
    const { work, does, settle, seen } = play();
    for (const name of ["one", "two", "three"]) work.queue(name, does(name));
    expect(seen()).toEqual(["one begins"]);
    await settle("one");
    expect(seen()).toEqual(["one is done", "two begins"]);
    await settle("two", "refused");
    expect(seen()).toEqual(["two failed: refused", "three begins"]);
    await settle("three");
    work.queue("four", does("four"));
    expect(seen()).toEqual(["three is done", "four begins"]);
  });

  it("waits for nothing that was only begun", () => {
    const { work, does, seen } = play();
    work.begin("one", does("one"));
    work.queue("two", does("two"));
    work.begin("three", does("three"));
    expect(seen()).toEqual(["one begins", "two begins", "three begins"]);
  });

  it("pauses the socket when 64 frames wait for their answers, and lets it go on with the first that is answered", async () => {
    const { work, does, settle, seen } = play();
    for (let frame = 1; frame <= 64; frame += 1) work.queue(null, does(String(frame)));
    expect(seen()).toEqual(["1 begins", "pause"]);
    await settle("1");
    expect(seen()).toEqual(["1 is done", "2 begins", "resume"]);
  });
});
