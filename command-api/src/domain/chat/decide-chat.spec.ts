import { describe, expect, it } from "@jest/globals";
import { Rejection } from "@chat/shared/rejection";
import { given, group, happened, left, privateChat } from "../../testing/given-chat.ts";
import type { ChatCommand } from "./commands.ts";
import { decide } from "./decide.ts";
import { maxMembersPerChat, maxRemovalsPerRequest } from "./limits.ts";
import { initialState } from "./state.ts";

const createGroup = (...memberIds: string[]): ChatCommand => ({
  type: "CreateChat",
  chatType: "group",
  title: "Trip",
  description: "Saturday",
  memberIds,
});
const createPrivate = (...memberIds: string[]): ChatCommand => ({
  type: "CreateChat",
  chatType: "private",
  title: null,
  description: null,
  memberIds,
});
const replaceMembers = (...memberIds: string[]): ChatCommand => ({ type: "ChangeChat", memberIds });
const users = (count: number): string[] => Array.from({ length: count }, (_, n) => `user-${n}`);
const deletedChat = happened("alice", { type: "ChatDeleted" });

describe("creating a chat", () => {
  it("makes its creator the owner of a group and everybody a member once", () => {
    given()
      .when("alice", createGroup("bob", "alice", "bob"))
      .then({
        type: "ChatCreated",
        chatType: "group",
        members: [
          { userId: "alice", role: "owner" },
          { userId: "bob", role: "member" },
        ],
        content: { title: "Trip", description: "Saturday" },
      });
  });

  it("makes no one the owner of a private chat", () => {
    given()
      .when("alice", createPrivate("bob"))
      .then({
        type: "ChatCreated",
        chatType: "private",
        members: [
          { userId: "alice", role: "member" },
          { userId: "bob", role: "member" },
        ],
        content: { title: null, description: null },
      });
  });

  it("refuses a private chat that is not of two, though the two of it have one", () => {
    given(privateChat("alice", "bob")).when("alice", createPrivate("bob", "charlie")).thenRefused("validation_failed");
  });

  it.each([[[]], [["alice"]], [["bob", "charlie"]]])("refuses a private chat that is not of two: with %j", (ids) => {
    given()
      .when("alice", createPrivate(...ids))
      .thenRefused("validation_failed");
  });

  it("again gives the same chat, a private one to either of the two", () => {
    given(group("alice", "bob")).when("alice", createGroup("bob")).thenNothing();
    given(privateChat("alice", "bob")).when("alice", createPrivate("bob")).thenNothing();
    given(privateChat("alice", "bob")).when("bob", createPrivate("alice")).thenNothing();
  });

  it("again shows nothing to one who has left, and brings back no chat that was deleted", () => {
    given(group("alice", "bob"), left("alice")).when("alice", createGroup("bob")).thenRefused("not_found");
    given(group("alice", "bob"), deletedChat).when("alice", createGroup("bob")).thenRefused("not_found");
  });

  it("refuses more members than a chat may have", () => {
    given()
      .when("alice", createGroup(...users(maxMembersPerChat)))
      .thenRefused("validation_failed");
  });
});

describe("a chat that is absent, deleted or not one's own", () => {
  const commands: readonly ChatCommand[] = [
    { type: "ChangeChat", title: "x" },
    { type: "DeleteChat" },
    { type: "AddMembers", userIds: ["dave"] },
    { type: "RemoveMember", userId: "bob" },
    { type: "LeaveChat", newOwnerId: null },
    { type: "ChangeRole", userId: "bob", role: "admin" },
    { type: "SendMessage", text: "hi", replyTo: null },
    { type: "EditMessage", seq: 1, text: "hi" },
    { type: "DeleteMessage", seq: 1 },
    { type: "MarkRead", upTo: null, named: null },
  ];
  it.each(commands)("looks the same to $type: not found", (command) => {
    given().when("alice", command).thenRefused("not_found");
    given(group("alice", "bob"), deletedChat).when("alice", command).thenRefused("not_found");
    given(group("alice", "bob")).when("mallory", command).thenRefused("not_found");
    given(privateChat("alice", "bob")).when("mallory", command).thenRefused("not_found");
    given(group("alice", "bob"), left("bob")).when("bob", command).thenRefused("not_found");
  });
});

describe("a private chat", () => {
  it.each<[string, ChatCommand]>([
    ["renamed", { type: "ChangeChat", title: "x" }],
    ["given other members", replaceMembers("charlie")],
    ["deleted", { type: "DeleteChat" }],
    ["joined by a third", { type: "AddMembers", userIds: ["charlie"] }],
    ["taken from the other", { type: "RemoveMember", userId: "bob" }],
    ["left", { type: "LeaveChat", newOwnerId: null }],
    ["left by removing oneself", { type: "RemoveMember", userId: "alice" }],
    ["given roles", { type: "ChangeRole", userId: "bob", role: "admin" }],
  ])("cannot be %s", (_what, command) => {
    given(privateChat("alice", "bob")).when("alice", command).thenRefused("private_chat_immutable");
  });
});

describe("changing a group", () => {
  it("says only what changed", () => {
    given(group("alice"))
      .when("alice", { type: "ChangeChat", title: "A group", description: "new", avatar: "file-1" })
      .then({ type: "ChatRenamed", avatar: "file-1", content: { description: "new" } });
    given(group("alice"))
      .when("alice", { type: "ChangeChat", title: null })
      .then({ type: "ChatRenamed", content: { title: null } });
  });

  it("to what it is already changes nothing", () => {
    given(group("alice", "bob"))
      .when("alice", { type: "ChangeChat", title: "A group", description: null, avatar: null, memberIds: ["bob"] })
      .thenNothing();
  });

  it("replaces the list of members, the caller staying in", () => {
    given(group("alice", "bob", "charlie"))
      .when("alice", replaceMembers("charlie", "dave"))
      .then(
        { type: "MemberRemoved", userId: "bob" },
        { type: "MembersAdded", members: [{ userId: "dave", role: "member" }], readUpTo: 0 },
      );
  });

  it("is an admin's right, but for removing an owner", () => {
    const chat = group("alice", ["bob", "admin"], "charlie");
    given(chat)
      .when("bob", { type: "ChangeChat", title: "New", memberIds: ["alice"] })
      .then({ type: "ChatRenamed", content: { title: "New" } }, { type: "MemberRemoved", userId: "charlie" });
    given(chat).when("bob", replaceMembers("charlie")).thenRefused("forbidden");
  });

  it("is no member's right", () => {
    given(group("alice", "bob")).when("bob", { type: "ChangeChat", title: "New" }).thenRefused("forbidden");
    given(group("alice", "bob")).when("bob", replaceMembers("alice")).thenRefused("forbidden");
  });

  it("removes only as many at once as fit into one batch", () => {
    const many = users(maxRemovalsPerRequest + 1);
    given(group("alice", ...many))
      .when("alice", replaceMembers())
      .thenRefused("validation_failed");
  });

  it("refuses more members than a chat may have, counted after those who go", () => {
    const full = users(maxMembersPerChat - 1);
    given(group("alice", ...full))
      .when("alice", replaceMembers(...full, "one-more"))
      .thenRefused("validation_failed");
    const state = given(group("alice", ...full)).state();
    const exchanged = decide(replaceMembers(...full.slice(1), "one-more"), state, { actor: "alice", at: "" });
    expect(exchanged).toHaveLength(2);
  });
});

describe("deleting a group", () => {
  it("is the owner's right", () => {
    given(group("alice", "bob")).when("alice", { type: "DeleteChat" }).then({ type: "ChatDeleted" });
  });

  it("is nobody else's", () => {
    given(group("alice", ["bob", "admin"]))
      .when("bob", { type: "DeleteChat" })
      .thenRefused("forbidden");
    given(group("alice", "bob")).when("bob", { type: "DeleteChat" }).thenRefused("forbidden");
  });
});

describe("a decision", () => {
  it("returns its refusal and does not throw it", () => {
    expect(decide({ type: "DeleteChat" }, initialState, { actor: "alice", at: "" })).toBeInstanceOf(Rejection);
  });
});
