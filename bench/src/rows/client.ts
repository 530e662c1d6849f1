import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { createChatClient, type News } from "@chat/client/chat-client";
import type { Bench } from "../bench.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { median } from "../percentiles.ts";
import { writeMessages } from "../write-messages.ts";

/** What it keeps, a state for each event that a page could show, may cost as much again as reading and parsing does. */
const TIMES_FLOOR = 2;
/** Each measurement is the median of so many returns. */
const RETURNS = 9;
/** Returns before it: neither of the two is compiled yet. */
const WARMING = 15;
const HEARD_WITHIN_MS = 60_000;

export const client: Experiment = {
  name: "client",
  open: openClient,
  lines: (ours, floor, sizes) =>
    (
      [
        ["ms", "ms", ""],
        ["cpuMs", "CPU ms", ", CPU"],
      ] as const
    ).map(([name, unit, what]) => ({
      work: `the client taking in ${sizes.missed} missed messages${what}`,
      unit,
      floor: figure(floor, name),
      ours: figure(ours, name),
      required: atMost(TIMES_FLOOR * figure(floor, name)),
      note: "twice a bare socket that parses",
    })),
};

/** A client that was away while a chat went on, and a bare `ws` that parses what it hears: both from the cursor of then. */
async function openClient(bench: Bench) {
  const { faults, options } = bench;
  const { missed } = options.sizes;
  const [writer, away] = bench.people;
  if (writer === undefined || away === undefined) throw new Error("two people are needed");
  const chatId = await bench.makeGroup([writer, away]);
  await bench.settled(chatId, away);
  const url = `http://localhost:${bench.port()}`;
  const authorization = { authorization: `Bearer ${away.token}` };
  // What a client knew that was there then, and is given to each one that comes back.
  const listed = await fetch(`${url}/api/chats?limit=100`, { headers: authorization });
  const known = await listed.text();
  const cursor = listed.headers.get("chat-position") ?? "";
  await writeMessages(bench, chatId, writer, missed);
  await bench.settled(chatId, away);

  /** From the first byte of the handshake until `take` is done; `take` says so itself. */
  async function measured(take: (from: () => void) => Promise<void>): Promise<{ ms: number; cpuMs: number }> {
    let startedAt = performance.now();
    let before = process.cpuUsage();
    await take(() => {
      startedAt = performance.now();
      before = process.cpuUsage();
    });
    const { user, system } = process.cpuUsage(before);
    return { ms: performance.now() - startedAt, cpuMs: (user + system) / 1_000 };
  }

  function inTime(who: string, done: Promise<undefined>): Promise<undefined> {
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      faults.add(`lost: ${who} has not heard all of ${missed}`);
      late.resolve(undefined);
    }, HEARD_WITHIN_MS);
    return Promise.race([done, late.promise]).finally(() => clearTimeout(timer));
  }

  async function readBare(from: () => void): Promise<void> {
    const done = Promise.withResolvers<undefined>();
    const sequence = createSequence("the bare socket", 1, faults);
    from();
    const query = new URLSearchParams({ token: away?.token ?? "", device: randomUUID(), cursor });
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws?${query.toString()}`);
    socket.on("error", (error) => faults.add(`the bare socket failed: ${error.message}`));
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { readonly type: string; readonly seq: number };
      if (frame.type !== "new_message") return;
      sequence.saw(frame.seq);
      if (frame.seq === missed) done.resolve(undefined);
    });
    await inTime("the bare socket", done.promise);
    socket.close();
  }

  async function readWithClient(from: () => void): Promise<void> {
    const done = Promise.withResolvers<undefined>();
    const chats = createChatClient({
      url,
      credentials: { token: () => away?.token ?? "", renew: () => Promise.resolve(null) },
      openSocket(address) {
        from();
        return new WebSocket(address);
      },
      fetch(input, init) {
        const asked = input instanceof Request ? input.url : String(input);
        if (!asked.includes("/api/chats?")) return fetch(input, init);
        return Promise.resolve(new Response(known, { headers: { "chat-position": cursor } }));
      },
    });
    const end = chats.subscribe((news: News) => {
      if (news.type === "hole") faults.add(`the client found a hole: ${JSON.stringify(news.hole)}`);
      if (news.type !== "state") return;
      if (news.state.chats.get(chatId)?.lastSeq === missed) done.resolve(undefined);
    });
    chats.start();
    await inTime("the client", done.promise);
    end();
    // Each message counts one, so none was left out and none came twice.
    const unread = chats.state().chats.get(chatId)?.unread;
    if (unread !== missed) faults.add(`the client counts ${String(unread)} unread of ${missed}`);
    // Not waited for: a close is of no interest here.
    void chats.stop();
  }

  const warm = new Set<unknown>();
  async function sample(take: (from: () => void) => Promise<void>): Promise<Sample> {
    if (!warm.has(take) && !options.smoke) for (let time = 0; time < WARMING; time += 1) await measured(take);
    warm.add(take);
    const all: { ms: number; cpuMs: number }[] = [];
    for (let time = 0; time < RETURNS; time += 1) all.push(await measured(take));
    return { ms: median(all.map(({ ms }) => ms)), cpuMs: median(all.map(({ cpuMs }) => cpuMs)) };
  }

  return {
    warmUp: true,
    floor: () => sample(readBare),
    ours: () => sample(readWithClient),
    close: () => Promise.resolve(),
  };
}
