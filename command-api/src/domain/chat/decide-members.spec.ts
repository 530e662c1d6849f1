import { describe, it } from "@jest/globals";
import { given, group, left, sent } from "../../testing/given-chat.ts";
import type { ChatCommand } from "./commands.ts";
import { maxMembersPerChat } from "./limits.ts";

const add = (...userIds: string[]): ChatCommand => ({ type: "AddMembers", userIds });
const remove = (userId: string): ChatCommand => ({ type: "RemoveMember", userId });
const leave = (newOwnerId: string | null = null): ChatCommand => ({ type: "LeaveChat", newOwnerId });
const changeRole = (userId: string, role: "owner" | "admin" | "member"): ChatCommand => ({
  type: "ChangeRole",
  userId,
  role,
});
const team = group("alice", ["bob", "admin"], "charlie", "dave");

describe("adding members", () => {
  it("lets them in with nothing unread, and leaves out those who are in", () => {
    given(group("alice", "bob"), sent("bob"), sent("bob"))
      .when("alice", add("bob", "charlie", "charlie", "dave"))
      .then({
        type: "MembersAdded",
        members: [
          { userId: "charlie", role: "member" },
          { userId: "dave", role: "member" },
        ],
        readUpTo: 2,
      });
  });

  it("changes nothing for those who are in", () => {
    given(team).when("alice", add("bob", "alice")).thenNothing();
  });

  it("lets one who left in again, as a plain member", () => {
    given(team, left("bob"), sent("alice"))
      .when("alice", add("bob"))
      .then({ type: "MembersAdded", members: [{ userId: "bob", role: "member" }], readUpTo: 1 });
  });

  it("is an admin's right and no member's", () => {
    given(team)
      .when("bob", add("eve"))
      .then({ type: "MembersAdded", members: [{ userId: "eve", role: "member" }], readUpTo: 0 });
    given(team).when("charlie", add("eve")).thenRefused("forbidden");
  });

  it("refuses more than a chat may have", () => {
    const others = Array.from({ length: maxMembersPerChat - 1 }, (_, n) => `user-${n}`);
    given(group("alice", ...others))
      .when("alice", add("one-more"))
      .thenRefused("validation_failed");
    given(group("alice", ...others))
      .when("alice", add("user-1"))
      .thenNothing();
  });
});

describe("removing a member", () => {
  it("is an admin's right, and an owner's", () => {
    given(team).when("bob", remove("charlie")).then({ type: "MemberRemoved", userId: "charlie" });
    given(team).when("alice", remove("bob")).then({ type: "MemberRemoved", userId: "bob" });
  });

  it("is no member's right", () => {
    given(team).when("charlie", remove("dave")).thenRefused("forbidden");
  });

  it("is, when it is an owner, an owner's right only", () => {
    given(team).when("bob", remove("alice")).thenRefused("forbidden");
    given(group("alice", ["bob", "owner"]))
      .when("bob", remove("alice"))
      .then({ type: "MemberRemoved", userId: "alice" });
  });

  it("changes nothing when he has gone already, and does not know one who never was there", () => {
    given(team, left("charlie")).when("alice", remove("charlie")).thenNothing();
    given(team).when("alice", remove("mallory")).thenRefused("not_found");
  });

  it("is leaving, when it is oneself", () => {
    given(team).when("charlie", remove("charlie")).then({ type: "MemberLeft", userId: "charlie" });
    given(team).when("alice", remove("alice")).thenRefused("last_owner");
  });
});

describe("leaving", () => {
  it("is everybody's right", () => {
    given(team).when("charlie", leave()).then({ type: "MemberLeft", userId: "charlie" });
    given(team).when("bob", leave()).then({ type: "MemberLeft", userId: "bob" });
  });

  it("needs another owner first", () => {
    given(team).when("alice", leave()).thenRefused("last_owner");
    given(group("alice", ["bob", "owner"]))
      .when("alice", leave())
      .then({ type: "MemberLeft", userId: "alice" });
  });

  it("can name that other owner", () => {
    given(team)
      .when("alice", leave("charlie"))
      .then({ type: "MemberRoleChanged", userId: "charlie", role: "owner" }, { type: "MemberLeft", userId: "alice" });
    given(group("alice", ["bob", "owner"]))
      .when("alice", leave("bob"))
      .then({ type: "MemberLeft", userId: "alice" });
  });

  it.each(["alice", "mallory"])("names only another member: not %s", (userId) => {
    given(team).when("alice", leave(userId)).thenRefused("validation_failed");
  });

  it("names no owner when one is none", () => {
    given(team).when("bob", leave("charlie")).thenRefused("forbidden");
  });

  it("of the last member leaves a group without members", () => {
    given(group("alice")).when("alice", leave()).then({ type: "MemberLeft", userId: "alice" });
    given(group("alice", "bob"), left("bob")).when("alice", leave()).then({ type: "MemberLeft", userId: "alice" });
  });
});

describe("changing a role", () => {
  it("is the owner's right", () => {
    given(team)
      .when("alice", changeRole("charlie", "admin"))
      .then({ type: "MemberRoleChanged", userId: "charlie", role: "admin" });
    given(team).when("bob", changeRole("charlie", "admin")).thenRefused("forbidden");
  });

  it("to what it is already changes nothing", () => {
    given(team).when("alice", changeRole("bob", "admin")).thenNothing();
    given(team).when("alice", changeRole("alice", "owner")).thenNothing();
  });

  it("leaves no group without an owner", () => {
    given(team).when("alice", changeRole("alice", "member")).thenRefused("last_owner");
    given(group("alice", ["bob", "owner"]))
      .when("alice", changeRole("alice", "member"))
      .then({ type: "MemberRoleChanged", userId: "alice", role: "member" });
  });

  it("is for members only", () => {
    given(team).when("alice", changeRole("mallory", "admin")).thenRefused("not_found");
    given(team, left("charlie")).when("alice", changeRole("charlie", "admin")).thenRefused("not_found");
  });
});
