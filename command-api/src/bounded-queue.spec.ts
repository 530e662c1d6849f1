import { describe, expect, it } from "@jest/globals";
import { createBoundedQueue } from "./bounded-queue.ts";

/** Work that ends when told to, and notes when it began. */
function createWork(began: string[]) {
  return (name: string) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const work = (): Promise<string> => {
      began.push(name);
      return promise;
    };
    return { work, succeed: () => resolve(name), fail: () => reject(new Error(name)) };
  };
}

describe("a bounded queue", () => {
  it("does so many at once, the others in the order they came, and refuses what is above its bound", async () => {
    const began: string[] = [];
    const work = createWork(began);
    const queue = createBoundedQueue({ atOnce: 2, maxWaiting: 2 });
    const works = ["a", "b", "c", "d"].map(work);
    const results = works.map((each) => queue.run(each.work));
    const refused = work("e");

    await expect(queue.run(refused.work)).rejects.toMatchObject({ code: "too_many_requests", retryAfterSeconds: 1 });
    expect(began).toEqual(["a", "b"]);
    works[1]?.succeed();
    await results[1];
    await Promise.resolve();
    expect(began).toEqual(["a", "b", "c"]);
    works.forEach(({ succeed }) => succeed());
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d"]);
  });

  it("gives the place of work that fails to the next, and takes new work when all is done", async () => {
    const work = createWork([]);
    const queue = createBoundedQueue({ atOnce: 1, maxWaiting: 1 });
    const bad = work("bad");
    const good = work("good");
    const first = queue.run(bad.work);
    const second = queue.run(good.work);
    bad.fail();
    good.succeed();

    await expect(first).rejects.toThrow("bad");
    expect(await second).toBe("good");
    const again = work("again");
    again.succeed();
    expect(await queue.run(again.work)).toBe("again");
  });
});
