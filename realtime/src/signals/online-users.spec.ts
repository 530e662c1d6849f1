import { describe, expect, it } from "@jest/globals";
import type { PresenceSignal } from "@chat/shared/signals/signal";
import { createOnlineUsers, type OnlineUsers } from "./online-users.ts";

interface Instance extends OnlineUsers {
  readonly changes: string[];
  alive: boolean;
  deaf: boolean;
}

/** Instances that hear each other at once, unless one is dead or deaf; with a clock that the spec moves. */
function play(...names: readonly string[]) {
  let at = 0;
  const instances = new Map<string, Instance>();
  let lose: (signal: PresenceSignal) => boolean = () => false;
  function start(name: string): void {
    const changes: string[] = [];
    const online = createOnlineUsers({
      instance: name,
      now: () => at,
      publish(signal) {
        if (instances.get(name)?.alive === false || lose(signal)) return;
        for (const other of instances.values()) if (other.alive && !other.deaf) other.hear(signal);
      },
      changed: (userId) => changes.push(`${userId} ${online.isOnline(userId) ? "online" : "offline"}`),
    });
    instances.set(name, { ...online, changes, alive: true, deaf: false });
  }
  for (const name of names) start(name);
  function of(name: string): Instance {
    const found = instances.get(name);
    if (found === undefined) throw new Error(`there is no instance ${name}`);
    return found;
  }
  return {
    of,
    start,
    loseWhat: (what: (signal: PresenceSignal) => boolean) => (lose = what),
    pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        at += 100;
        for (const instance of instances.values()) if (instance.alive) instance.tick();
      }
    },
  };
}

describe("who is online", () => {
  it("is known to all, and changes with his first and his last place only", () => {
    const { of, pass } = play("a", "b", "c");
    of("a").came("1");
    pass(1_000);
    of("b").came("1");
    pass(1_000);
    of("a").left("1");
    pass(5_000);
    expect(of("c").changes).toEqual(["1 online"]);
    of("b").left("1");
    pass(5_000);
    for (const name of ["a", "b", "c"]) expect(of(name).changes).toEqual(["1 online", "1 offline"]);
  });

  it("does not change when he is back within two seconds, here or elsewhere", () => {
    const { of, pass } = play("a", "b");
    of("a").came("1");
    pass(1_000);
    of("a").left("1");
    pass(1_500);
    of("a").came("1");
    pass(5_000);
    of("a").left("1");
    pass(1_500);
    of("b").came("1");
    pass(5_000);
    for (const name of ["a", "b"]) expect(of(name).changes).toEqual(["1 online"]);
  });

  it("is right two and a half seconds after an instance has died", () => {
    const { of, pass } = play("a", "b");
    of("a").came("1");
    of("a").came("2");
    of("b").came("2");
    pass(1_000);
    of("a").alive = false;
    pass(2_500);
    expect(of("b").changes.filter((change) => change.endsWith("offline"))).toEqual(["1 offline"]);
  });

  it("is learned as a whole by who comes later or has missed something, however many there are", () => {
    const { of, start, pass, loseWhat } = play("a", "b");
    for (let user = 1; user <= 1_000; user += 1) of("a").came(String(user));
    pass(1_000);
    start("c");
    loseWhat((signal) => signal.type === "online");
    of("a").came("2000");
    of("a").left("7");
    pass(3_000);
    loseWhat(() => false);
    pass(3_000);
    for (const name of ["b", "c"]) {
      expect(of(name).count()).toBe(1_000);
      expect(of(name).isOnline("2000")).toBe(true);
      expect(of(name).isOnline("7")).toBe(false);
    }
  });

  it("stays as it was while nothing is heard at all, not even oneself, and is made anew after that", () => {
    const { of, pass } = play("a", "b");
    of("a").came("1");
    pass(1_000);
    of("b").deaf = true;
    pass(10_000);
    of("b").deaf = false;
    pass(5_000);
    expect(of("b").changes).toEqual(["1 online"]);
    of("b").deaf = true;
    pass(40_000);
    expect(of("b").changes).toEqual(["1 online", "1 offline"]);
    of("b").deaf = false;
    pass(5_000);
    expect(of("b").isOnline("1")).toBe(true);
  });
});
