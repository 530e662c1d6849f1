import { describe, expect, it } from "@jest/globals";
import type { SignalFrame } from "@chat/shared/api/frames-to-clients";
import { applySignal, nobodyThere } from "./others.ts";
import { createOwnTyping } from "./own-typing.ts";
import { emptyState } from "./state.ts";

const types = (userId: string, isTyping: boolean): SignalFrame => ({
  type: "typing",
  chat_id: "c",
  payload: { user_id: userId, is_typing: isTyping },
});
const there = (userId: string, status: "online" | "offline"): SignalFrame => ({
  type: "presence",
  payload: { user_id: userId, status },
});

describe("what is known of others", () => {
  it("is who types, who is there, and their profiles; told again, nothing changes", () => {
    const user = { id: "2", name: "Bob", city: null, avatar: null };
    const frames: SignalFrame[] = [
      types("2", true),
      types("3", true),
      there("2", "online"),
      { type: "user_updated", payload: user },
    ];
    const state = frames.reduce(applySignal, emptyState("1"));
    expect(state.typing).toEqual(new Map([["c", new Set(["2", "3"])]]));
    expect(state.online).toEqual(new Set(["2"]));
    expect(state.users.get("2")).toEqual(user);
    expect(applySignal(applySignal(state, types("2", true)), there("2", "online"))).toBe(state);
    const later = [types("2", false), types("3", false), there("2", "offline")].reduce(applySignal, state);
    expect([later.typing.size, later.online.size]).toEqual([0, 0]);
  });

  it("is nothing of who is there once the connection has ended", () => {
    const state = nobodyThere([types("2", true), there("2", "online")].reduce(applySignal, emptyState("1")));
    expect([state.typing.size, state.online.size]).toEqual([0, 0]);
    expect(nobodyThere(state)).toBe(state);
  });
});

describe("one's own typing", () => {
  it("is said every three seconds at most, its end once, and again when there was no connection", () => {
    let at = 0;
    let connected = true;
    const sent: boolean[] = [];
    const typing = createOwnTyping(
      (frame) => {
        if (connected && frame.type === "typing") sent.push(frame.is_typing);
        return connected;
      },
      () => at,
    );
    for (; at < 5_000; at += 100) typing("c", true);
    typing("c", false);
    typing("c", false);
    expect(sent).toEqual([true, true, false]);
    connected = false;
    typing("c", true);
    connected = true;
    typing("c", true);
    expect(sent).toEqual([true, true, false, true]);
  });
});
