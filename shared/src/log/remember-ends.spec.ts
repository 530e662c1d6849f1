import { describe, expect, it } from "@jest/globals";
import type { Election, EventLog } from "./event-log.ts";
import { createMemoryLog } from "./memory/memory-log.ts";
import { rememberEnds } from "./remember-ends.ts";

const election = (id: string): Election => ({ kind: "election", logId: "log", writer: "one", id });
const openLog = (): EventLog => createMemoryLog({ id: "log", partitions: 2 });

describe("the ends of a log that nobody else appends to", () => {
  it("are at first where the log ends", async () => {
    const log = openLog();
    await log.append(1, [election("before")]);
    const remembered = await rememberEnds(log);
    expect(await remembered.ends()).toEqual(await log.ends());
  });

  it("lie behind every append that was answered, at the moment of its answer", async () => {
    const inner = openLog();
    const { log, ends } = await rememberEnds(inner);
    await log.append(0, [election("a")]);
    expect(await ends()).toEqual(await inner.ends());
    await log.append(1, [election("b")]);
    expect(await ends()).toEqual(await inner.ends());
  });

  it("are not moved by an append without an answer, and are moved past it by the Election that settles it", async () => {
    const inner = openLog();
    let isCut = true;
    const { log, ends } = await rememberEnds({
      ...inner,
      async append(partition, records) {
        const answer = await inner.append(partition, records);
        if (isCut) throw new Error("the answer was lost");
        return answer;
      },
    });
    const before = await ends();
    await expect(log.append(0, [election("lost")])).rejects.toThrow("lost");
    expect(await ends()).toEqual(before);
    isCut = false;
    await log.append(0, [election("again")]);
    expect(await ends()).toEqual(await inner.ends());
  });

  it("never go back, in whichever order answers arrive", async () => {
    const inner = openLog();
    const answers: (() => void)[] = [];
    const { log, ends } = await rememberEnds({
      ...inner,
      async append(partition, records) {
        const answer = await inner.append(partition, records);
        await new Promise<void>((resolve) => answers.push(resolve));
        return answer;
      },
    });
    const first = log.append(0, [election("a")]);
    const second = log.append(0, [election("b")]);
    while (answers.length < 2) await new Promise((resolve) => setImmediate(resolve));
    answers[1]?.();
    await second;
    const reached = await ends();
    answers[0]?.();
    await first;
    expect(await ends()).toEqual(reached);
    expect(reached).toEqual(await inner.ends());
  });
});
