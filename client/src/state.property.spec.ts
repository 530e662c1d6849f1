import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { EventFrame } from "@chat/shared/api/frames-to-clients";
import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import { type FetchedChat, chatFetched, snapshotTaken } from "./apply-fetched.ts";
import { applyFrame, type Hole } from "./apply-frame.ts";
import { type ChatState, type ClientState, emptyState } from "./state.ts";
import { createModelChat, me, type Step } from "./testing/model-chat.ts";

const kinds = [
  "send",
  "send",
  "send",
  "edit",
  "delete",
  "attach",
  "read",
  "read",
  "add",
  "remove",
  "role",
  "rename",
] as const;
const anySteps = fc.array(fc.record<Step>({ kind: fc.constantFrom(...kinds), who: fc.nat(20), what: fc.nat(500) }), {
  minLength: 1,
  maxLength: 60,
});
const anyPlace = fc.double({ min: 0, max: 1, noNaN: true });

/** A life of a chat, with what it looked like to a GET after each step. */
function live(steps: readonly Step[]) {
  const chat = createModelChat();
  const looks = [look(chat)];
  const frames: EventFrame[][] = [];
  for (const step of steps) {
    frames.push(chat.step(step));
    looks.push(look(chat));
  }
  frames.flat().forEach(checkFrameToClient);
  return { frames, looks, last: look(chat), chatId: chat.chatId };
}

function look({ listed, parts }: ReturnType<typeof createModelChat>) {
  return {
    listed: listed(),
    fetched: { chat: parts.chat(), members: parts.members(), messages: parts.messages(), unread: parts.unread() },
  };
}

function applied(state: ClientState, frames: readonly EventFrame[]): { state: ClientState; holes: Hole[] } {
  const holes: Hole[] = [];
  for (const frame of frames) {
    const { state: next, hole } = applyFrame(state, frame);
    state = next;
    if (hole !== null) holes.push(hole);
  }
  return { state, holes };
}

/** What is promised to be as a fresh snapshot has it; of messages, those that are held, and of others' not whether all have read. */
function promised(chat: ChatState | undefined, from: number) {
  if (chat === undefined) throw new Error("the chat is gone");
  return {
    title: chat.chat.title,
    memberIds: [...chat.chat.member_ids].sort(),
    myRole: chat.myRole,
    readUpTo: chat.readUpTo,
    unread: chat.unread,
    lastSeq: chat.lastSeq,
    members: chat.members && [...chat.members].sort(([one], [other]) => (one < other ? -1 : 1)),
    messages: chat.messages
      .filter(({ seq }) => seq >= from)
      .map((message) => ({ ...message, ...(message.sender_id === me ? {} : { is_read: null, read: null }) })),
  };
}

describe("a client's state", () => {
  it("is after any snapshot and the frames behind it what a fresh snapshot says, live or late, again or not", () => {
    fc.assert(
      fc.property(anySteps, anyPlace, anyPlace, fc.boolean(), (steps, at, back, late) => {
        const { frames: told, looks, last, chatId } = live(steps);
        const frames = late ? told.map((some) => some.map((frame) => asToldLate(frame, last))) : told;
        const taken = Math.floor(at * steps.length);
        const from = Math.floor(back * taken);
        const snapshot = snapshotTaken(emptyState(me), [lookAt(looks, taken).listed]);
        const { state, holes } = applied(snapshot, frames.slice(from).flat());
        expect(holes).toEqual([]);
        const chat = state.chats.get(chatId);
        // What it cannot know it says, and then it is fetched.
        if (chat?.complete === false) return;
        const fresh = chatFetched(snapshotTaken(emptyState(me), [last.listed]), last.fetched).chats.get(chatId);
        const first = chat?.messages[0]?.seq ?? 0;
        expect(promised(chat, first)).toEqual({ ...promised(fresh, first), members: null });
      }),
      { numRuns: 1_000 },
    );
  });

  it("is the same when a chat was fetched in parts of different moments, while its frames waited", () => {
    fc.assert(
      fc.property(anySteps, fc.tuple(anyPlace, anyPlace, anyPlace, anyPlace, anyPlace, anyPlace), (steps, places) => {
        const { frames, looks, last, chatId } = live(steps);
        const [listedAt = 0, chatAt = 0, ...moments] = places
          .map((place) => Math.floor(place * steps.length))
          .sort((a, b) => a - b);
        const [messagesAt = 0, unreadAt = 0, membersAt = 0, appliedAt = 0] = moments;
        const fetched: FetchedChat = {
          chat: lookAt(looks, chatAt).fetched.chat,
          members: lookAt(looks, membersAt).fetched.members,
          messages: lookAt(looks, messagesAt).fetched.messages,
          unread: lookAt(looks, unreadAt).fetched.unread,
        };
        // How far somebody has read who went and came back meanwhile is guessed.
        const gone = frames
          .slice(chatAt, membersAt)
          .flat()
          .filter(({ type }) => type === "member_removed");
        fc.pre(gone.length === 0);
        const before = applied(
          snapshotTaken(emptyState(me), [lookAt(looks, listedAt).listed]),
          frames.slice(listedAt, chatAt).flat(),
        );
        const filled = chatFetched(before.state, fetched);
        const { state, holes } = applied(filled, frames.slice(chatAt, appliedAt).flat());
        const after = applied(state, frames.slice(appliedAt).flat());
        expect([...before.holes, ...holes, ...after.holes]).toEqual([]);
        const fresh = chatFetched(snapshotTaken(emptyState(me), [last.listed]), last.fetched).chats.get(chatId);
        expect(promised(after.state.chats.get(chatId), 0)).toEqual(promised(fresh, 0));
      }),
      { numRuns: 1_000 },
    );
  });

  it("reports every event that was left out, as soon as the next one of its chat is heard", () => {
    fc.assert(
      fc.property(anySteps, anyPlace, (steps, place) => {
        const { frames, looks } = live(steps);
        const all = frames.flat();
        // One event may make several frames, and the version is known when one of them was heard.
        const alone = all.flatMap((frame, index) =>
          index > 0 && [all[index - 1], all[index + 1]].every((other) => other?.version !== frame.version)
            ? [index]
            : [],
        );
        const lost = alone[Math.floor(place * (alone.length - 1))];
        const next = lost === undefined ? undefined : all[lost + 1];
        fc.pre(lost !== undefined && next !== undefined);
        const start = snapshotTaken(emptyState(me), [lookAt(looks, 0).listed]);
        const { state, holes: before } = applied(start, all.slice(0, lost));
        const { holes } = applied(state, next === undefined ? [] : [next]);
        expect(before).toEqual([]);
        expect(holes).toMatchObject([{ heard: next?.version }]);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** A message is told late as it is by then. */
function asToldLate(frame: EventFrame, { fetched }: ReturnType<typeof look>): EventFrame {
  if (frame.type !== "new_message" && frame.type !== "message_updated") return frame;
  const now = fetched.messages.find(({ seq }) => seq === frame.seq) ?? frame.payload;
  const { text, edited_at: editedAt, deleted, files } = now;
  return { ...frame, payload: { ...frame.payload, text, edited_at: editedAt, deleted, files } };
}

function lookAt(looks: ReturnType<typeof live>["looks"], index: number): ReturnType<typeof look> {
  const found = looks[index];
  if (found === undefined) throw new Error(`there is no look ${index}`);
  return found;
}
