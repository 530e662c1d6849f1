import { describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { createAskWhoIs } from "./fetch-users.ts";
import { type HttpCalls, Refused, SignedOut } from "./http-calls.ts";

jest.setTimeout(60_000);
const within = { within: 30_000 };
const backoff = { baseMs: 1, maxMs: 2 };
const bob = { id: "2", name: "Bob", city: null, avatar: null };

/** Plays a server that answers, or fails, as told by the number of the call, from 1. */
function play(answer: (call: number, signal: AbortSignal | undefined) => Promise<readonly object[]>) {
  const asked: string[] = [];
  const learned: string[] = [];
  let signOuts = 0;
  const get: HttpCalls["get"] = async <Body>(path: string, signal?: AbortSignal) => {
    asked.push(new URLSearchParams(path.split("?")[1]).get("ids") ?? "");
    const body = (await answer(asked.length, signal)) as Body;
    return { status: 200, body, position: null, stale: false, next: null, retryAfterMs: 0 };
  };
  const people = createAskWhoIs({
    ...{ calls: { get }, backoff, random: Math.random },
    learn: (users) => learned.push(...users.map(({ name }) => name)),
    signedOut: () => (signOuts += 1),
  });
  people.begin();
  return { people, asked, learned, signOuts: () => signOuts };
}

const refused = (status: number, retryAfterMs = 0) => new Refused("/users", { status, stale: false, retryAfterMs });

describe("who somebody is", () => {
  it("is asked again until there is an answer, for all at once who were asked for meanwhile", async () => {
    const failures = [refused(503), new TypeError("offline"), refused(429)];
    const { people, asked, learned } = play(async (call) => {
      const failure = failures[call - 1];
      if (failure !== undefined) throw failure;
      return [bob];
    });
    people.ask(["2"]);
    people.ask(["2", "3"]);
    await eventually(() => expect(learned).toEqual(["Bob"]), within);
    people.ask(["2", "3"]);
    expect(asked).toEqual(["2", "2,3", "2,3", "2,3"]);
    people.end();
  });

  it("is asked no sooner than the server has said, and at once on the next connection", async () => {
    const { people, asked, learned } = play(async (call) => {
      if (call === 1) throw refused(503, 3_600_000);
      return [bob];
    });
    const soon = play(() => Promise.reject(refused(503)));
    for (const one of [people, soon.people]) one.ask(["2"]);
    await eventually(() => expect(soon.asked.length).toBeGreaterThan(5), within);
    soon.people.end();
    people.ask(["3"]);
    expect(asked).toEqual(["2"]);
    people.begin();
    people.ask(["2"]);
    await eventually(() => expect(learned).toEqual(["Bob"]), within);
    expect(asked).toEqual(["2", "2"]);
    people.end();
  });

  it("is asked no more of whom the server does not want to be asked, nor after the end", async () => {
    const { people, asked, learned, signOuts } = play(async (call, signal) => {
      if (call === 1) throw refused(422);
      if (call === 2) return new Promise((resolve) => signal?.addEventListener("abort", () => resolve([bob])));
      throw new SignedOut("no token");
    });
    people.ask(["x"]);
    await eventually(() => expect(asked).toEqual(["x"]), within);
    people.ask(["2"]);
    await eventually(() => expect(asked).toEqual(["x", "2"]), within);
    people.end();
    people.ask(["3"]);
    expect([asked.length, signOuts()]).toEqual([2, 0]);
    people.begin();
    people.ask(["2"]);
    await eventually(() => expect(signOuts()).toBeGreaterThan(0), within);
    expect(learned).toEqual([]);
    people.end();
  });
});
