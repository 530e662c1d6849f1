import { describe, expect, it } from "@jest/globals";
import type { MessagesFullyRead } from "@chat/shared/events/chat-events";
import { given, group, happened, joined, left, privateChat, read, sent } from "../../testing/given-chat.ts";
import type { ChatCommand } from "./commands.ts";
import { isFullyRead, readCount } from "./fully-read.ts";

const markRead = (upTo: number): ChatCommand => ({ type: "MarkRead", upTo, named: null });
const moved = (from: number, upTo: number) => ({ type: "MessageRead", from, upTo, named: null }) as const;
const fullyRead = (event: Omit<MessagesFullyRead, "type">): MessagesFullyRead => ({
  type: "MessagesFullyRead",
  ...event,
});
const everybody = (from: number, upTo: number) => ({ from, upTo, former: null });
const slowest = (userId: string, slowestFrom: number, slowestUpTo: number) => ({
  slowest: userId,
  slowestFrom,
  slowestUpTo,
});
const team = group("alice", "bob", "charlie");

describe("a message is fully read", () => {
  it("when the other of two has read it, although its author did not", () => {
    given(privateChat("alice", "bob"), sent("alice"), sent("alice"))
      .when("bob", markRead(1))
      .then(moved(0, 1), fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 1) }));
  });

  it("not before the last of the others has read it", () => {
    const past = [team, sent("alice"), read("bob", 1)];
    given(team, sent("alice")).when("bob", markRead(1)).then(moved(0, 1));
    given(...past)
      .when("charlie", markRead(1))
      .then(moved(0, 1), fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 1) }));
  });

  it("when the last one who had not read it leaves", () => {
    given(team, sent("alice"), read("bob", 1))
      .when("charlie", { type: "LeaveChat", newOwnerId: null })
      .then({ type: "MemberLeft", userId: "charlie" }, fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 1) }));
  });

  it("when the last one who had not read it is removed", () => {
    given(team, sent("alice"), read("bob", 1))
      .when("alice", { type: "RemoveMember", userId: "charlie" })
      .then({ type: "MemberRemoved", userId: "charlie" }, fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 1) }));
  });

  it("never for one who is alone", () => {
    given(group("alice"), sent("alice")).when("alice", markRead(1)).then(moved(0, 1));
  });

  it("of one who has left, when all who stayed have read it", () => {
    given(team, sent("charlie"), left("charlie"), read("alice", 1))
      .when("bob", markRead(1))
      .then(moved(0, 1), fullyRead({ ...everybody(0, 1), ...slowest("alice", 0, 1) }));
  });

  it("of those who have left, when the one who stayed has read it, his own left out", () => {
    const chat = given(group("alice", "bob"), sent("bob"), sent("alice"), left("bob"));
    chat.when("alice", markRead(2)).then(moved(0, 2), fullyRead({ ...everybody(0, 2), ...slowest("alice", 0, 0) }));
    expect(isFullyRead(chat.state(), "bob", 1)).toBe(true);
    expect(isFullyRead(chat.state(), "alice", 2)).toBe(false);
  });

  it("not by a newcomer, who has read nothing of it", () => {
    given(group("alice"), sent("alice"))
      .when("alice", { type: "AddMembers", userIds: ["bob"] })
      .then({ type: "MembersAdded", members: [{ userId: "bob", role: "member" }], readUpTo: 1 });
    given(group("alice", "bob"), sent("alice"))
      .when("alice", { type: "ChangeChat", memberIds: ["charlie"] })
      .then(
        { type: "MemberRemoved", userId: "bob" },
        { type: "MembersAdded", members: [{ userId: "charlie", role: "member" }], readUpTo: 1 },
      );
  });

  it("for ever, whoever comes or goes afterwards", () => {
    const chat = given(
      privateChat("alice", "bob"),
      sent("alice"),
      read("bob", 1),
      happened("bob", fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 1) })),
      sent("bob"),
      read("alice", 2),
      happened("alice", fullyRead({ from: 0, upTo: 1, ...slowest("bob", 0, 2), former: { userId: "alice", from: 1 } })),
      joined("alice", "charlie"),
      sent("charlie"),
    ).state();
    expect([1, 2, 3].map((seq) => isFullyRead(chat, seq === 1 ? "alice" : "bob", seq))).toEqual([true, true, false]);
  });
});

describe("what has become fully read", () => {
  it("is told with the slowest before, whose own messages were settled already", () => {
    given(
      privateChat("alice", "bob"),
      sent("alice"),
      read("bob", 1),
      happened("bob", fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 1) })),
      sent("bob"),
    )
      .when("alice", markRead(2))
      .then(
        moved(0, 2),
        fullyRead({ from: 0, upTo: 1, ...slowest("bob", 0, 2), former: { userId: "alice", from: 1 } }),
      );
  });

  it("is told once when several are removed together", () => {
    given(team, sent("alice"), read("bob", 1), joined("alice", "dave"), sent("alice"), read("bob", 2))
      .when("alice", { type: "ChangeChat", memberIds: ["bob"] })
      .then(
        { type: "MemberRemoved", userId: "charlie" },
        { type: "MemberRemoved", userId: "dave" },
        fullyRead({ ...everybody(0, 0), ...slowest("alice", 0, 2) }),
      );
  });

  it("is not told when nothing has", () => {
    given(team, sent("alice"), sent("alice"), read("bob", 1)).when("bob", markRead(2)).then(moved(1, 2));
  });
});

describe("the readers of a message", () => {
  it("are the current members who have read it, its author aside", () => {
    const chat = given(team, sent("alice"), sent("bob"), read("alice", 2), read("bob", 1), read("charlie", 2)).state();
    expect(readCount(chat, "alice", 1)).toBe(2);
    expect(readCount(chat, "bob", 2)).toBe(2);
    expect(readCount(chat, "dave", 2)).toBe(2);
    const fewer = given(team, sent("alice"), read("charlie", 1), left("charlie")).state();
    expect(readCount(fewer, "alice", 1)).toBe(0);
  });
});
