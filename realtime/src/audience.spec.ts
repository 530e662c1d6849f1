import { describe, expect, it } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { audienceOf, membershipChangeOf } from "./audience.ts";

const members = [{ userId: "2", role: "member" as const }];
const content = { title: null, description: null };

describe("the audience", () => {
  it.each<[ChatEvent["type"], string]>([
    ["ChatCreated", "create_chat to joined"],
    ["ChatRenamed", "update_chat to present"],
    ["ChatDeleted", "delete_chat to present"],
    ["MembersAdded", "member_added to present, create_chat to joined"],
    ["MemberRemoved", "member_removed to present"],
    ["MemberLeft", "member_removed to present"],
    ["MemberRoleChanged", "role_changed to present"],
    ["MessageSent", "new_message to present"],
    ["MessageEdited", "message_updated to present"],
    ["MessageDeleted", "message_deleted to present"],
    ["FileAttached", "file_attached to present"],
    ["MessageRead", "read to present"],
    ["MessagesFullyRead", "fully_read to authors, version to present"],
  ])("of %s is told %s", (type, told) => {
    expect(audienceOf[type].map(({ kind, to }) => `${kind} to ${to}`).join(", ")).toBe(told);
  });

  it.each<[ChatEvent, readonly string[], readonly string[] | "everybody"]>([
    [{ type: "ChatCreated", chatType: "group", members, content }, ["2"], []],
    [{ type: "MembersAdded", members, readUpTo: 0 }, ["2"], []],
    [{ type: "MemberRemoved", userId: "2" }, [], ["2"]],
    [{ type: "MemberLeft", userId: "2" }, [], ["2"]],
    [{ type: "ChatDeleted" }, [], "everybody"],
    [{ type: "MessageSent", seq: 1, replyTo: null, content: { text: "hi" } }, [], []],
  ])("of what comes after $type: in %j, out %j", (event, joined, gone) => {
    expect(membershipChangeOf(event)).toEqual({ joined, gone });
  });
});
