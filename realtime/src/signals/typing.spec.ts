import { describe, expect, it } from "@jest/globals";
import { createTyping } from "./typing.ts";

/** What is told of what two sockets of one user say, with a clock that the spec moves. */
function play() {
  let at = 0;
  const told: string[] = [];
  const typing = createTyping(
    ({ userId, chatId, isTyping }) => told.push(`${userId} ${chatId} ${isTyping}`),
    () => at,
  );
  const sockets = { one: {}, other: {} };
  return {
    told: () => told.splice(0),
    pass(ms: number) {
      at += ms;
      typing.tick();
    },
    say: (isTyping: boolean, { socket = "one", chatId = "c" }: { socket?: "one" | "other"; chatId?: string } = {}) =>
      typing.say(sockets[socket], { userId: "1", chatId, isTyping }),
    end: (socket: "one" | "other") => typing.socketEnded(sockets[socket], "1"),
  };
}

describe("typing", () => {
  it("is told once while it is said again and again, and after three seconds once more", () => {
    const { say, pass, told } = play();
    for (let count = 0; count < 29; count += 1) {
      say(true);
      pass(100);
    }
    expect(told()).toEqual(["1 c true"]);
    pass(100);
    say(true);
    expect(told()).toEqual(["1 c true"]);
  });

  it("ends when it is said, when it is not said again for six seconds, and with its socket", () => {
    const { say, pass, end, told } = play();
    say(true);
    say(false);
    say(false);
    expect(told()).toEqual(["1 c true", "1 c false"]);
    pass(1_000);
    say(true);
    pass(5_900);
    expect(told()).toEqual(["1 c true"]);
    pass(100);
    expect(told()).toEqual(["1 c false"]);
    say(true);
    say(true, { socket: "other" });
    end("one");
    expect(told()).toEqual(["1 c true"]);
    end("other");
    expect(told()).toEqual(["1 c false"]);
  });

  it("that begins and ends in turns is told once a second", () => {
    const { say, pass, told } = play();
    for (let count = 0; count < 100; count += 1) {
      say(true);
      say(false);
      pass(50);
    }
    expect(told()).toHaveLength(10);
  });

  it("that goes on after a pause is told when its second is over, so that the last that was said holds", () => {
    const { say, pass, told } = play();
    for (const isTyping of [true, false, true]) say(isTyping);
    expect(told()).toEqual(["1 c true", "1 c false"]);
    pass(900);
    expect(told()).toEqual([]);
    pass(100);
    expect(told()).toEqual(["1 c true"]);
    pass(5_000);
    expect(told()).toEqual(["1 c false"]);
  });

  it.each([
    ["it is said", ({ say }: ReturnType<typeof play>) => say(false)],
    ["its socket ends", ({ end }: ReturnType<typeof play>) => end("one")],
  ])("that waits to be told is not told when %s before", (_what, over) => {
    const game = play();
    for (const isTyping of [true, false, true]) game.say(isTyping);
    over(game);
    game.pass(1_000);
    expect(game.told()).toEqual(["1 c true", "1 c false"]);
  });

  it("goes on in ten chats of a user at most", () => {
    const { say, told } = play();
    for (let chat = 0; chat < 30; chat += 1) say(true, { chatId: `c${chat}` });
    expect(told()).toHaveLength(10);
  });
});
