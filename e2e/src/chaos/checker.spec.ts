import { describe, expect, it } from "@jest/globals";
import { CAUGHT_UP_WITHIN_MS, checkHistory } from "./checker.ts";
import type { Attached, Call, Entry, Line } from "./history.ts";
import type { Rule } from "./rules/violations.ts";

const chat = "room";
const [alice, bob, eve] = ["1", "2", "3"] as const;

/** A history by hand, a line a second. */
function history(...entries: readonly (Entry | readonly Entry[])[]): Line[] {
  return entries.flat().map((entry, index): Line => ({ t: index * 1_000, ...entry }));
}

let numbers = 0;
const next = (): number => (numbers += 1);

type Answered = Partial<Omit<Entry & { type: "ok" }, "type" | "op">>;
const invoke = (op: number, process: string, call: Call): Entry => ({ type: "invoke", op, process, call });
const ok = (op: number, answer: Answered = {}): Entry => ({ type: "ok", op, ...answer });
const done = (process: string, call: Call, answer: Answered = {}): Entry[] => {
  const op = next();
  return [invoke(op, process, call), ok(op, answer)];
};
const not = (type: "fail" | "info", process: string, call: Call): Entry[] => {
  const op = next();
  return [invoke(op, process, call), { type, op, why: "503" }];
};

const send = (key: string): Call => ({ f: "send", chat, key, text: `${key} says something` });
const edit = (key: string, text: string): Call => ({ f: "edit", chat, key, text: `${key} edited ${text}` });
const remove = (key: string): Call => ({ f: "delete", chat, key });
const attach = (key: string, file: string): Call => ({ f: "attach", chat, key, file });
const get: Call = { f: "get", chat };

interface Told {
  readonly text?: string;
  readonly deleted?: boolean;
  readonly readCount?: number;
  readonly files?: readonly Attached[];
}

/** At rest; alice is the sender unless the key begins with b. */
function rest(keys: readonly string[], told: Readonly<Record<string, Told>> = {}): Entry[] {
  const messages = keys.map((key, index): Entry => {
    const {
      deleted = false,
      readCount = 0,
      text = deleted ? "" : `${key} says something`,
      files = [],
    } = told[key] ?? {};
    const sender = key.startsWith("b") ? bob : alice;
    return { type: "message", chat, seq: index + 1, key, sender, text, deleted, readCount, files };
  });
  return [...messages, { type: "looked" }];
}

const open = (connection: number, user: string, mode: "plain" | "resuming", name = `${mode}-${user}`): Entry => ({
  type: "open",
  connection,
  device: name,
  user,
  mode,
});
const frame = (connection: number, version: number, kind: string, content: object = {}): Entry => ({
  type: "frame",
  connection,
  kind,
  chat,
  version,
  ...content,
});
const created = (connection: number): Entry => frame(connection, 1, "create_chat", { members: [alice, bob] });
const message = (connection: number, version: number, seq: number, key: string): Entry =>
  frame(connection, version, "new_message", { seq, key });

/** One who hears all that there is, for histories that are about something else. */
function heard(keys: readonly string[]): Entry[] {
  return [
    open(9_000, alice, "resuming"),
    created(9_000),
    ...keys.map((key, index) => message(9_000, index + 2, index + 1, key)),
  ];
}

const whole = (keys: readonly string[], ...before: readonly (Entry | readonly Entry[])[]): Line[] =>
  history(...before, heard(keys), rest(keys));

const fileRule: Rule = "a file that was acknowledged is there, whole and once";
const withFiles = (files: readonly Attached[], ...before: readonly (readonly Entry[])[]): Line[] =>
  history(done(alice, send("a1"), { seq: 1 }), ...before, heard(["a1"]), rest(["a1"], { a1: { files } }));

const brokenBy = (lines: readonly Line[]): Rule[] => [...checkHistory(lines).broken.keys()];

describe("the checker", () => {
  it("finds nothing in a history in which all is well", () => {
    const lines = history(
      [open(1, alice, "resuming"), open(2, bob, "plain"), created(1), created(2)],
      done(alice, send("a1"), { seq: 1 }),
      message(1, 2, 1, "a1"),
      // In doubt, then done, and told a device twice that had not proved it.
      not("info", bob, send("b1")),
      done(bob, send("b1"), { seq: 2 }),
      [message(1, 3, 2, "b1"), message(2, 2, 1, "a1"), { type: "close", connection: 2 }],
      [open(3, bob, "plain"), message(3, 2, 1, "a1"), message(3, 3, 2, "b1")],
      not("fail", alice, send("a2")),
      done(bob, get, {
        page: [
          [1, "a1"],
          [2, "b1"],
        ],
        stale: false,
      }),
      done(bob, { f: "read", chat }, { upTo: 2 }),
      [frame(1, 4, "read", { user: bob }), frame(3, 4, "read", { user: bob }), frame(1, 5, "fully_read")],
      not("info", alice, attach("a1", "f1")),
      done(alice, attach("a1", "f1")),
      not("fail", alice, attach("a1", "f2")),
      done(alice, edit("a1", "1")),
      [frame(1, 6, "message_updated", { seq: 1 }), frame(3, 6, "message_updated", { seq: 1 })],
      rest(["a1", "b1"], { a1: { text: "a1 edited 1", readCount: 1, files: [["f1", "whole"]] }, b1: { readCount: 0 } }),
      { type: "listed", user: bob, chat, unread: 0, readUpTo: 2 },
      { type: "members", chat, readUpTo: { [alice]: 0, [bob]: 2 } },
      { type: "caught-up", what: "answers", ms: 100 },
      { type: "rebuild", equal: true, said: "" },
    );
    expect(checkHistory(lines).violations).toEqual([]);
  });

  it.each<[string, Rule, readonly Line[]]>([
    ["an acknowledged file that is not there", fileRule, withFiles([], done(alice, attach("a1", "f1")))],
    [
      "an acknowledged file that cannot be got",
      fileRule,
      withFiles([["f1", "not whole"]], done(alice, attach("a1", "f1"))),
    ],
    [
      "a file that is there twice",
      fileRule,
      withFiles(
        [
          ["f1", "whole"],
          ["f1", "whole"],
        ],
        not("info", alice, attach("a1", "f1")),
        done(alice, attach("a1", "f1")),
      ),
    ],
    [
      "a file whose every attempt failed",
      "what failed did not happen",
      withFiles([["f1", "whole"]], not("fail", alice, attach("a1", "f1"))),
    ],
    ["a file that nobody attached", "what failed did not happen", withFiles([["f1", "whole"]])],
    [
      "an acknowledged message that is not there",
      "no acknowledged message is lost",
      whole([], done(alice, send("a1"), { seq: 1 })),
    ],
    [
      "an acknowledged message at another place",
      "no acknowledged message is lost",
      whole(["a2", "a1"], done(alice, send("a1"), { seq: 1 }), not("info", alice, send("a2"))),
    ],
    [
      "a message that is there twice",
      "no message is there twice",
      whole(["a1", "a1"], not("info", alice, send("a1")), done(alice, send("a1"), { seq: 2 })),
    ],
    [
      "a message that was acknowledged at two places",
      "no message is there twice",
      whole(
        ["a1", "b1"],
        done(alice, send("a1"), { seq: 1 }),
        done(alice, send("a1"), { seq: 2 }),
        not("info", bob, send("b1")),
      ),
    ],
    [
      "a message of which every attempt failed",
      "what failed did not happen",
      whole(["a1"], not("fail", alice, send("a1")), not("fail", alice, send("a1"))),
    ],
    ["a message that nobody sent", "what failed did not happen", whole(["a1"])],
    [
      "a message that was told and is not there",
      "what failed did not happen",
      history(not("info", alice, send("a1")), heard(["a1"]), rest([])),
    ],
    [
      "a deletion of which every attempt failed",
      "what failed did not happen",
      history(
        done(alice, send("a1"), { seq: 1 }),
        not("fail", alice, remove("a1")),
        heard(["a1"]),
        rest(["a1"], { a1: { deleted: true } }),
      ),
    ],
    [
      "two readers who hear of two messages at one place",
      "one order for all",
      whole(
        ["a1"],
        done(alice, send("a1"), { seq: 1 }),
        not("info", bob, send("b1")),
        open(1, bob, "plain"),
        created(1),
        message(1, 2, 1, "b1"),
      ),
    ],
    [
      "a message before one that was acknowledged when it was sent",
      "real-time order",
      whole(["b1", "a1"], done(alice, send("a1"), { seq: 2 }), done(bob, send("b1"), { seq: 1 })),
    ],
    [
      "two messages of one sender the other way round",
      "sender order",
      whole(["a2", "a1"], done(alice, send("a1"), { seq: 2 }), done(alice, send("a2"), { seq: 1 })),
    ],
    [
      "a place without a message",
      "dense seq",
      history(
        not("info", alice, send("a1")),
        heard(["a1"]),
        {
          type: "message",
          chat,
          seq: 2,
          key: "a1",
          sender: alice,
          text: "a1 says something",
          deleted: false,
          readCount: 0,
        },
        { type: "looked" },
      ),
    ],
    [
      "a page that lacks what was acknowledged before it was asked for",
      "a read sees what was acknowledged before it",
      whole(
        ["a1", "a2"],
        done(alice, send("a1"), { seq: 1 }),
        done(alice, send("a2"), { seq: 2 }),
        done(bob, get, { page: [[1, "a1"]], stale: false }),
      ),
    ],
    [
      "an edit that was acknowledged and is not there",
      "an edit that was acknowledged stands",
      whole(["a1"], done(alice, send("a1"), { seq: 1 }), done(alice, edit("a1", "1"))),
    ],
    [
      "an edit that was overtaken by an earlier one",
      "an edit that was acknowledged stands",
      history(
        done(alice, send("a1"), { seq: 1 }),
        done(alice, edit("a1", "1")),
        done(alice, edit("a1", "2")),
        heard(["a1"]),
        rest(["a1"], { a1: { text: "a1 edited 1" } }),
      ),
    ],
    [
      "a message that was deleted and is there",
      "a deletion that was acknowledged stands",
      whole(["a1"], done(alice, send("a1"), { seq: 1 }), done(alice, remove("a1"))),
    ],
    [
      "a gap in what a device hears",
      "a device is told everything",
      whole(
        ["a1", "a2"],
        done(alice, send("a1"), { seq: 1 }),
        done(alice, send("a2"), { seq: 2 }),
        open(1, bob, "plain"),
        created(1),
        message(1, 3, 2, "a2"),
      ),
    ],
    [
      "a message of which no device hears",
      "a device is told everything",
      history(done(alice, send("a1"), { seq: 1 }), heard([]), rest(["a1"])),
    ],
    [
      "an event that a resuming device hears again",
      "a resuming device is told once",
      whole(
        ["a1"],
        done(alice, send("a1"), { seq: 1 }),
        open(1, bob, "resuming"),
        created(1),
        message(1, 2, 1, "a1"),
        { type: "close", connection: 1 },
        open(2, bob, "resuming"),
        created(2),
      ),
    ],
    [
      "the last event that a resuming device heard told it again",
      "a resuming device is told once",
      whole(
        [],
        open(1, bob, "resuming"),
        created(1),
        { type: "close", connection: 1 },
        open(2, bob, "resuming"),
        created(2),
      ),
    ],
    [
      "an event twice in one connection",
      "a connection tells in order",
      whole(
        ["a1"],
        done(alice, send("a1"), { seq: 1 }),
        open(1, bob, "plain"),
        created(1),
        message(1, 2, 1, "a1"),
        message(1, 2, 1, "a1"),
      ),
    ],
    [
      "events of a chat in another order",
      "a connection tells in order",
      whole(["a1"], done(alice, send("a1"), { seq: 1 }), open(1, bob, "plain"), message(1, 2, 1, "a1"), created(1)),
    ],
    [
      "an event that was proved and comes again",
      "what was proved is not told again",
      whole(
        ["a1"],
        done(alice, send("a1"), { seq: 1 }),
        [open(1, bob, "plain"), created(1), message(1, 2, 1, "a1")],
        Array.from({ length: 9 }, (): Entry => ({ type: "proof", connection: 1 })),
        { type: "close", connection: 1 },
        open(2, bob, "plain"),
        message(2, 2, 1, "a1"),
      ),
    ],
    [
      "an event for somebody who had been removed",
      "nobody is told of what is not his",
      whole(
        ["a1"],
        done(alice, send("a1"), { seq: 1 }),
        open(1, bob, "plain"),
        created(1),
        frame(9_000, 3, "member_removed", { user: bob }),
        message(1, 2, 1, "a1"),
        frame(1, 3, "member_removed", { user: bob }),
        frame(1, 4, "read", { user: alice }),
      ),
    ],
    [
      "a cursor that means nothing any more",
      "a cursor means the same for ever",
      whole([], open(1, bob, "resuming"), { type: "resync", connection: 1 }),
    ],
    [
      "a number of unread messages that no recount finds",
      "unread equals recount",
      whole(["a1"], done(alice, send("a1"), { seq: 1 })).concat(
        history({ type: "listed", user: bob, chat, unread: 0, readUpTo: 0 }),
      ),
    ],
    [
      "a number of readers that no recount finds",
      "read by equals recount",
      whole(["a1"], done(alice, send("a1"), { seq: 1 })).concat(
        history({ type: "members", chat, readUpTo: { [alice]: 1, [bob]: 1 } }),
      ),
    ],
    [
      "a read that was acknowledged and is not there",
      "a read that was acknowledged stands",
      whole(["a1"], done(alice, send("a1"), { seq: 1 }), done(bob, { f: "read", chat }, { upTo: 1 })).concat(
        history({ type: "listed", user: bob, chat, unread: 1, readUpTo: 0 }),
      ),
    ],
    [
      "somebody who was let in and is not there",
      "members are who was let in",
      whole([], done(alice, { f: "add", chat, user: eve })).concat(
        history({ type: "members", chat, readUpTo: { [alice]: 0 } }),
      ),
    ],
    [
      "rows that a rebuild makes otherwise",
      "read models equal a rebuild",
      whole([]).concat(history({ type: "rebuild", equal: false, said: "the rows of members are not those" })),
    ],
    [
      "a reader that took too long",
      "caught up in time",
      whole([]).concat(history({ type: "caught-up", what: "pushes", ms: CAUGHT_UP_WITHIN_MS + 1 })),
    ],
    [
      "a reader that never came to the end",
      "caught up in time",
      whole([]).concat(history({ type: "caught-up", what: "answers", ms: null })),
    ],
    [
      "an answer that should not be",
      "nothing unexpected",
      whole([]).concat(history({ type: "unexpected", what: "500" })),
    ],
    ["an end that nobody could look at", "nothing unexpected", history(heard([]))],
  ])("finds %s", (_what, rule, lines) => {
    expect(brokenBy(lines)).toContain(rule);
  });

  it.each<[string, readonly Line[]]>([
    ["a message in doubt that is there", whole(["a1"], not("info", alice, send("a1")))],
    ["a message in doubt that is not there", whole([], not("info", alice, send("a1")))],
    [
      "a message that failed after it was in doubt",
      whole(["a1"], not("info", alice, send("a1")), not("fail", alice, send("a1"))),
    ],
    ["a message whose answer never came", whole(["a1"], invoke(next(), alice, send("a1")))],
    [
      "a page that says that it is stale",
      whole(["a1"], done(alice, send("a1"), { seq: 1 }), done(bob, get, { page: [], stale: true })),
    ],
    [
      "an edit in doubt, done or not",
      history(
        done(alice, send("a1"), { seq: 1 }),
        not("info", alice, edit("a1", "1")),
        heard(["a1"]),
        rest(["a1"], { a1: { text: "a1 edited 1" } }),
      ),
    ],
    [
      "a file in doubt, there or not, and none of a deleted message",
      history(
        done(alice, send("a1"), { seq: 1 }),
        not("info", alice, attach("a1", "f1")),
        not("info", alice, attach("a1", "f2")),
        done(alice, send("a2"), { seq: 2 }),
        done(alice, attach("a2", "f3")),
        done(alice, remove("a2")),
        heard(["a1", "a2"]),
        rest(["a1", "a2"], { a1: { files: [["f1", "whole"]] }, a2: { deleted: true } }),
      ),
    ],
    [
      "two at once, in either order",
      whole(
        ["b1", "a1"],
        invoke(100, alice, send("a1")),
        invoke(101, bob, send("b1")),
        ok(100, { seq: 2 }),
        ok(101, { seq: 1 }),
      ),
    ],
    [
      "an event told again whose proof may not have arrived",
      whole(
        ["a1"],
        done(alice, send("a1"), { seq: 1 }),
        open(1, bob, "plain"),
        created(1),
        message(1, 2, 1, "a1"),
        { type: "proof", connection: 1 },
        { type: "close", connection: 1 },
        open(2, bob, "plain"),
        message(2, 2, 1, "a1"),
      ),
    ],
  ])("allows %s", (_what, lines) => {
    expect(checkHistory(lines).violations).toEqual([]);
  });
});
