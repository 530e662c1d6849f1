import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { createOutbox, type Outlet } from "./outbox.ts";

interface Recorder extends Outlet {
  readonly written: Buffer[];
}

function recorder(): Recorder {
  const written: Buffer[] = [];
  return { waiting: null, written, write: (bytes) => void written.push(bytes) };
}

const textOf = ({ written }: Recorder): string[] => written.map(String);
const [a, b, c] = [Buffer.from("a"), Buffer.from("b"), Buffer.from("c")] as const;

describe("the outbox", () => {
  it("writes what waits for one outlet in one go, in order", async () => {
    const outbox = createOutbox();
    const one = recorder();
    for (const frame of [a, b, c]) outbox.push(one, frame);
    expect(one.written).toEqual([]);
    await nextTurn();
    expect(textOf(one)).toEqual(["abc"]);
    outbox.push(one, a);
    await nextTurn();
    expect(textOf(one)).toEqual(["abc", "a"]);
  });

  it("joins the frames once for all outlets that wait for the same", async () => {
    const outbox = createOutbox();
    const [one, two] = [recorder(), recorder()];
    for (const frame of [a, b]) for (const outlet of [one, two]) outbox.push(outlet, frame);
    await nextTurn();
    expect(one.written[0]).toBe(two.written[0]);
  });

  it("keeps apart what differs", async () => {
    const outbox = createOutbox();
    const [one, two, three] = [recorder(), recorder(), recorder()];
    outbox.push(one, a);
    outbox.push(two, b);
    for (const outlet of [one, two, three]) outbox.push(outlet, c);
    outbox.push(one, b);
    outbox.push(two, a);
    await nextTurn();
    expect([one, two, three].map(textOf)).toEqual([["acb"], ["bca"], ["c"]]);
  });

  it("flushes one outlet ahead of the others, and does not write it again", async () => {
    const outbox = createOutbox();
    const [one, two] = [recorder(), recorder()];
    outbox.push(one, a);
    outbox.push(two, a);
    outbox.flush(one);
    outbox.push(one, b);
    expect([one, two].map(textOf)).toEqual([["a"], []]);
    await nextTurn();
    expect([one, two].map(textOf)).toEqual([["a", "b"], ["a"]]);
  });
});
