import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createWatch } from "./watch.ts";

const HEARTBEAT_MS = 25_000;

describe("a watch", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  function play(answer: (heard: () => void) => void) {
    const told: string[] = [];
    const watch = createWatch({
      ask() {
        told.push("asked");
        answer(watch.heard);
      },
      giveUp: () => told.push("given up"),
    });
    return { watch, told };
  }

  it("gives up within one heartbeat where the network is gone without a word, but not before it has asked", () => {
    const { watch, told } = play(() => undefined);
    watch.every(HEARTBEAT_MS);
    watch.heard();
    jest.advanceTimersByTime(HEARTBEAT_MS);
    expect(told).toEqual(["asked", "given up"]);
    watch.stop();
  });

  it("never gives up on a silent socket that answers", () => {
    const { watch, told } = play((heard) => setTimeout(heard, HEARTBEAT_MS / 4));
    watch.every(HEARTBEAT_MS);
    jest.advanceTimersByTime(100 * HEARTBEAT_MS);
    expect(told).not.toContain("given up");
    expect(told.length).toBeGreaterThan(10);
    watch.stop();
  });

  it("asks nothing where enough is heard anyway", () => {
    const { watch, told } = play(() => undefined);
    watch.every(HEARTBEAT_MS);
    for (let frame = 0; frame < 100; frame += 1) {
      jest.advanceTimersByTime(HEARTBEAT_MS / 10);
      watch.heard();
    }
    expect(told).toEqual([]);
    watch.stop();
  });

  it("asks at once where the network may have changed, and gives up soon where nobody answers", () => {
    const { watch, told } = play(() => undefined);
    watch.every(HEARTBEAT_MS);
    watch.check();
    watch.check();
    expect(told).toEqual(["asked"]);
    jest.advanceTimersByTime(HEARTBEAT_MS / 4);
    expect(told).toEqual(["asked", "given up"]);
    watch.stop();
  });

  it("does not wait long for a socket that was opening when the network changed, and asks it nothing", () => {
    const { watch, told } = play(() => undefined);
    watch.check();
    jest.advanceTimersByTime(HEARTBEAT_MS / 4);
    expect(told).toEqual(["given up"]);
    watch.stop();
  });

  it("stays where it is answered when it asks because the network changed", () => {
    const { watch, told } = play((heard) => heard());
    watch.every(HEARTBEAT_MS);
    watch.check();
    jest.advanceTimersByTime(HEARTBEAT_MS / 4);
    watch.check();
    expect(told).toEqual(["asked", "asked"]);
    watch.stop();
  });

  it("gives up on a socket that opens and never says anything", () => {
    const { watch, told } = play(() => undefined);
    jest.advanceTimersByTime(HEARTBEAT_MS);
    expect(told).toEqual(["given up"]);
    watch.stop();
  });
});
