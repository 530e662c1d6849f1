import { describe, expect, it } from "@jest/globals";
import type { EventLog } from "@chat/shared/log/event-log";
import { createMemoryLog, type MemoryLog } from "@chat/shared/log/memory/memory-log";
import { leadPartition } from "@chat/shared/log/partition-writer";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand } from "../domain/chat/commands.ts";
import type { CommandRequest } from "./command-request.ts";
import type { LookUps, Snapshot } from "./look-ups.ts";
import * as limits from "./owner-limits.ts";
import { createPartitionOwner, type PartitionOwner } from "./partition-owner.ts";
import { createMachine } from "./simulation/machine.ts";
import { createRandom } from "./simulation/random.ts";
import { startProjector } from "./simulation/simulated-projector.ts";
import { createVirtualTime, type VirtualTime } from "./simulation/virtual-time.ts";

const chatId = "00000000-0000-7000-8000-000000000001";
const otherChatId = "00000000-0000-7000-8000-000000000002";
const createGroup: ChatCommand = {
  type: "CreateChat",
  chatType: "group",
  title: null,
  description: null,
  memberIds: ["2"],
};
const send = (text: string): ChatCommand => ({ type: "SendMessage", text, replyTo: null });

describe("a snapshot and the tail", () => {
  it("reads the snapshot again when the tail was cut while it was read", async () => {
    const { owner, submit, lookUp, settle, end, snapshot } = await ownerOfChat();
    const before = snapshot();
    const edit: ChatCommand = { type: "EditMessage", seq: 1, text: "edited" };
    const first = submit(edit);
    await lookUp();
    expect(await first).toMatchObject({ status: "done", message: { text: "edited" } });
    const again = submit(edit);
    await settle();
    owner.projectedUpTo(end());
    // From below the tail's start: the edit is neither in this snapshot nor in the tail.
    await lookUp(before);
    await lookUp();
    expect(await again).toMatchObject({ status: "unchanged", message: { text: "edited" } });
  });

  it("finds a key that had left the tail before it was in the snapshot", async () => {
    const { owner, submit, lookUp, settle, end, snapshot } = await ownerOfChat();
    const before = snapshot();
    const first = submit(send("once"), { key: "k" });
    await lookUp();
    expect(await first).toMatchObject({ status: "done", message: { seq: 2 } });
    await settle();
    owner.projectedUpTo(end());
    const again = submit(send("once"), { key: "k" });
    await lookUp(before);
    await lookUp();
    // It is known now that the key sent message 2, which is not at hand.
    await lookUp();
    expect(await again).toMatchObject({ status: "repeated", message: { seq: 2, text: "once" } });
  });

  it("keeps the order of a chat's commands when one of them needs a look-up, and lets other chats pass", async () => {
    const { submit, lookUp } = await ownerOfChat();
    const other = submit(createGroup, { chatId: otherChatId });
    await lookUp();
    await other;
    const keyed = submit(send("first"), { key: "k" });
    const plain = submit(send("second"));
    expect(await submit(send("elsewhere"), { chatId: otherChatId })).toMatchObject({ message: { seq: 1 } });
    await lookUp();
    await lookUp();
    expect(await keyed).toMatchObject({ message: { seq: 2 } });
    expect(await plain).toMatchObject({ message: { seq: 3 } });
  });

  it("keeps the order of a chat's commands when only the first of them lacks anything", async () => {
    const { submit, lookUp, settle, code } = await ownerOfChat();
    const first = submit(send("brings the chat into memory"));
    await lookUp();
    await first;
    const keyed = submit(send("first"), { key: "k" });
    const plain = submit(send("second"));
    await settle();
    const second = code(plain);
    await settle();
    expect(second.now()).toBe("no answer yet");
    await lookUp();
    await lookUp();
    expect(await keyed).toMatchObject({ message: { seq: 3 } });
    expect(await plain).toMatchObject({ message: { seq: 4 } });
  });
});

describe("a batch", () => {
  it("holds at most 512 KiB as they are sent, and gets its answers when it is settled", async () => {
    const batches: number[] = [];
    const { submit, lookUp, settle } = await ownerOfChat((log) => ({
      append: (partition, records) => {
        batches.push(records.reduce((sum, one) => sum + (one.kind === "event" ? Buffer.byteLength(one.value) : 0), 0));
        return log.append(partition, records);
      },
    }));
    const first = submit(send("brings the chat into memory"));
    await lookUp();
    await first;
    const sends = Array.from({ length: 100 }, () => submit(send("щ".repeat(8_000))));
    const outcomes = await Promise.all(sends);
    await settle();
    expect(outcomes.map(({ message }) => message?.seq)).toEqual(sends.map((_, index) => index + 3));
    expect(Math.max(...batches)).toBeLessThanOrEqual(512 * 1024);
    expect(Math.max(...batches)).toBeGreaterThan(400 * 1024);
  });

  it("answers 503 outcome_unknown within two seconds for what is in flight, unavailable for what waits behind it", async () => {
    const { submit, lookUp, pass, code } = await ownerOfChat(() => ({ append: lostForEver }));
    const inFlight = code(submit(send("in flight")));
    await lookUp();
    const waiting = code(submit(send("waits")));
    await pass(1_700);
    expect(inFlight.now()).toBe("no answer yet");
    await pass(300);
    expect([inFlight.now(), waiting.now()]).toEqual(["outcome_unknown", "unavailable"]);
  });

  it("is answered as done when it landed and was read during an election that then failed, and the read models hold it", async () => {
    let lost = false;
    let brokeOff = false;
    const { submit, owner, lookUp, pass, end, written } = await ownerOfChat((log) => ({
      append: async (partition, records) => {
        const answer = await log.append(partition, records);
        if (lost) return answer;
        lost = true;
        throw new Error("the answer was lost");
      },
      async *read(from, signal) {
        for await (const batch of log.read(from, signal)) {
          const inDoubt = batch.records.findIndex((record) => record.kind === "event" && record.value.includes("once"));
          if (inDoubt < 0 || brokeOff) {
            yield batch;
            continue;
          }
          const records = batch.records.slice(0, inDoubt + 1);
          yield { ...batch, records, next: batch.next - batch.records.length + records.length };
          // Whoever reads only to look at a witness does not come back for more.
          brokeOff = true;
          owner.projectedUpTo(end());
          throw new Error("reading broke off before the new Election");
        }
      },
    }));
    const sent = submit(send("once"));
    await lookUp();
    await pass(200);
    expect(brokeOff).toBe(true);
    expect(await sent).toMatchObject({ status: "done", message: { seq: 2 } });
    expect(written("once")).toBe(1);
  });

  it("is answered as unknown and not made again when the log has grown so much that it is not read where it landed", async () => {
    const { submit, lookUp, pass, code, written } = await ownerOfChat(
      (log) => ({
        async append(partition, records) {
          const answer = await log.append(partition, records);
          const [first] = records;
          if (first?.kind !== "event" || !first.value.includes("once")) return answer;
          for (const id of ["b1", "b2", "b3", "b4", "b5"])
            await log.append(partition, [{ kind: "election", logId: log.id, writer: "b", id }]);
          throw new Error("the answer was lost");
        },
      }),
      { ...limits.room, maxTailEvents: 4 },
    );
    const sent = code(submit(send("once")));
    await lookUp();
    await pass(500);
    expect(sent.now()).toBe("outcome_unknown");
    expect(written("once")).toBe(1);
  });
});

describe("a partition that cannot go on", () => {
  it("halts at an event that it does not understand, instead of being elected for ever", async () => {
    const { submit, lookUp, pass, memory, code, halts } = await ownerOfChat();
    const rival = await leadPartition(
      { log: memory, partition: 0, writer: "b", electionId: "b" },
      startOfPartition,
      () => undefined,
    );
    await rival.append([{ key: chatId, value: "no JSON" }]);
    const refused = code(submit(send("never")));
    await lookUp();
    await pass(3_000);
    expect(halts()).toEqual(["partition 0 at offset 6: not JSON"]);
    expect(refused.now()).toBe("outcome_unknown");
    expect(memory.records[0]?.filter(({ kind }) => kind === "election")).toHaveLength(4);
  });

  it("says of what was in flight that it may have happened, when the log turns out to be cut", async () => {
    const { submit, lookUp, memory, code, halts, pass } = await ownerOfChat();
    const records = memory.records[0] ?? [];
    records.length = 2;
    const lost = code(submit(send("into a cut log")));
    await lookUp();
    await pass(10);
    expect(lost.now()).toBe("outcome_unknown");
    expect(halts()).toHaveLength(1);
    const after = code(submit(send("too late")));
    await pass(1);
    expect(after.now()).toBe("unavailable");
  });

  it("gives back what it could not decide while it was elected for the first time, for whoever asked to ask again", async () => {
    const { startAgain, pass } = await ownerOfChat();
    const { submit, code } = startAgain({ append: lostForEver });
    const waiting = code(submit(send("between two owners")));
    await pass(1_700);
    expect(waiting.now()).toBe("no answer yet");
    await pass(300);
    expect(waiting.now()).toBe("not_owner");
  });

  it("gives back what came before it was elected and waits for a look-up too, and refuses what came later", async () => {
    const { startAgain, pass } = await ownerOfChat();
    const { submit, code } = startAgain();
    const early = code(submit(send("between two owners")));
    await pass(500);
    const late = code(submit(send("to one who leads")));
    await pass(2_000);
    expect([early.now(), late.now()]).toEqual(["not_owner", "unavailable"]);
  });

  it("refuses commands as unavailable when its first election fails", async () => {
    const { startAgain, pass } = await ownerOfChat();
    const { submit, code } = startAgain({ append: () => Promise.reject(new Error("the log is away")) });
    const refused = code(submit(send("the log is away")));
    await pass(2_000);
    expect(refused.now()).toBe("unavailable");
  });

  it("refuses commands as lagging while the read models are too far behind", async () => {
    const { startAgain, pass } = await ownerOfChat();
    const { submit, code } = startAgain({ ends: () => Promise.resolve([50_000]) });
    const refused = code(submit(send("too early")));
    await pass(2_200);
    expect(refused.now()).toBe("lagging");
  });

  it("refuses commands as overloaded when ten thousand wait", async () => {
    const { submit, code, pass } = await ownerOfChat(() => ({ append: lostForEver }));
    for (let count = 0; count < 10_000; count += 1) void submit(send("waits")).catch(() => undefined);
    const refused = code(submit(send("one too many")));
    await pass(1);
    expect(refused.now()).toBe("overloaded");
  });
});

describe("an owner that is stopped", () => {
  it("finishes what was accepted, and refuses what comes", async () => {
    const { owner, submit, lookUp, code, pass } = await ownerOfChat();
    const accepted = submit(send("accepted"));
    const stopped = owner.stop();
    const late = code(submit(send("late")));
    await lookUp();
    expect(await accepted).toMatchObject({ status: "done" });
    await stopped;
    await pass(1);
    expect(late.now()).toBe("not_owner");
  });

  it("answers what is in doubt while it cannot be elected, and then stops", async () => {
    const { owner, submit, lookUp, code, pass } = await ownerOfChat(() => ({
      append: () => Promise.reject(new Error("the log is away")),
    }));
    const doubtful = code(submit(send("in doubt")));
    await lookUp();
    const stopped = code(owner.stop());
    await pass(4_000);
    expect([doubtful.now(), stopped.now()]).toEqual(["outcome_unknown", "done"]);
  });

  it("stops although a look-up never comes back", async () => {
    const { owner, submit, code, pass } = await ownerOfChat();
    const waiting = code(submit(send("waits")));
    const stopped = code(owner.stop());
    await pass(4_000);
    expect([waiting.now(), stopped.now()]).toEqual(["unavailable", "done"]);
  });
});

const lostForEver = (): Promise<never> => new Promise(() => undefined);

type Faults = (log: MemoryLog) => Partial<EventLog>;

interface Asked {
  readonly resolve: (snapshot: Snapshot) => void;
}

/**
 * An owner that has just been elected in a partition where a group with one message was written and projected: nothing
 * of it is in memory. Look-ups wait until they are answered, and time until it passes.
 */
async function ownerOfChat(faults: Faults = () => ({}), room = limits.room) {
  const random = createRandom(1);
  const time = createVirtualTime(random);
  const memory = createMemoryLog({ id: "a-log", partitions: 1 });
  const machine = createMachine("projector", time);
  const projector = startProjector({ log: memory, machine, random, longestLagMs: 1 });
  const pass = (ms: number): Promise<void> => time.run(time.now() + ms, () => false);
  const settle = (): Promise<void> => pass(20);
  const checkpoint = (): Promise<Position> => Promise.resolve(projector.positions().get(0) ?? startOfPartition);
  const haltedFor: string[] = [];

  function startAgain(changed: Partial<EventLog> = {}) {
    const asked: Asked[] = [];
    const lookUps: LookUps = {
      find: () =>
        new Promise((resolve) => {
          asked.push({ resolve });
        }),
    };
    const log = { ...memory, ...changed };
    const owner = startOwner({
      log,
      lookUps,
      time,
      checkpoint,
      room,
      halted: (error) => haltedFor.push(error.message),
    });
    return {
      owner,
      submit: (command: ChatCommand, more: Partial<Named> = {}) => owner.submit(request(command, more)),
      code: (promise: Promise<unknown>) => watch(promise),
      /** Answers the oldest look-up with what stands in the read models now, or stood there once. */
      async lookUp(found?: Snapshot): Promise<void> {
        await settle();
        const oldest = asked.shift();
        if (oldest === undefined) throw new Error("nothing was looked up");
        oldest.resolve(found ?? projector.snapshot());
        await settle();
      },
    };
  }

  const first = startAgain();
  await settle();
  const created = first.submit(createGroup);
  await first.lookUp();
  await created;
  await first.submit(send("the first message"));
  await settle();
  const second = startAgain(faultsOnce(memory, faults));
  await settle();
  return {
    ...second,
    startAgain,
    settle,
    pass,
    memory,
    snapshot: projector.snapshot,
    /** How many events in the log have these words in them. */
    written: (words: string) =>
      memory.records[0]?.filter((one) => one.kind === "event" && one.value.includes(words)).length,
    end: () => memory.records[0]?.length ?? 0,
    halts: () => haltedFor,
  };
}

/** The election itself goes well: what fails is what comes after it. */
function faultsOnce(memory: MemoryLog, faults: Faults): Partial<EventLog> {
  const faulty = { ...memory, ...faults(memory) };
  let elected = false;
  return {
    append(partition, records) {
      if (elected) return faulty.append(partition, records);
      elected = true;
      return memory.append(partition, records);
    },
    ends: faulty.ends,
    read: faulty.read,
  };
}

interface Setting {
  readonly log: EventLog;
  readonly lookUps: LookUps;
  readonly time: VirtualTime;
  readonly checkpoint: () => Promise<Position>;
  readonly room: limits.RoomForEvents;
  readonly halted: (error: Error) => void;
}

function startOwner({ log, lookUps, time, checkpoint, room, halted }: Setting): PartitionOwner {
  let ids = 0;
  const newId = (): string => `id${String((ids += 1))}`;
  const owner = createPartitionOwner({
    log,
    partition: 0,
    writer: "a",
    lookUps,
    lead: leadPartition,
    checkpoint,
    room,
    clock: createMachine("a", time).clock,
    newElectionId: newId,
    newEventId: newId,
    observe: {
      elected: () => undefined,
      fenced: () => undefined,
      settled: () => undefined,
      failed: () => undefined,
      halted: (_, error) => {
        halted(error);
      },
      stopped: () => undefined,
    },
  });
  void owner.start();
  return owner;
}

interface Named {
  readonly chatId: string;
  readonly key: string;
}

let requests = 0;

function request(command: ChatCommand, { chatId: named = chatId, key }: Partial<Named>): CommandRequest {
  requests += 1;
  return {
    id: `c${String(requests)}`,
    chatId: named,
    actor: "1",
    at: "2026-01-01T00:00:00.000Z",
    command,
    idempotencyKey: key ?? null,
    requestHash: key === undefined ? null : JSON.stringify(command),
    traceParent: null,
  };
}

/** What came of a promise so far: the code of its rejection, or that it is done. */
function watch(promise: Promise<unknown>): { now(): string } {
  let state = "no answer yet";
  promise.then(
    () => {
      state = "done";
    },
    (error: unknown) => {
      state = error instanceof Rejection ? error.code : String(error);
    },
  );
  return { now: () => state };
}
