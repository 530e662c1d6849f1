import type { EventFrame } from "@chat/shared/api/frames-to-clients";
import { chatFetched, olderFetched, snapshotTaken } from "./apply-fetched.ts";
import { applyFrame, type Hole } from "./apply-frame.ts";
import { type AskWhoIs, strangersOf } from "./fetch-users.ts";
import { fetchChat, fetchOlder, type Snapshot } from "./fetching.ts";
import { createFills, type Fetch } from "./fills.ts";
import type { Backoff } from "./full-jitter.ts";
import { type HttpCalls, Refused, SignedOut } from "./http-calls.ts";
import { typingAfter } from "./others.ts";
import type { ClientState } from "./state.ts";
import { createWaitingFrames } from "./waiting-frames.ts";

export interface KeptChatsOptions {
  readonly calls: Pick<HttpCalls, "get">;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly people: Pick<AskWhoIs, "ask">;
  readonly state: () => ClientState;
  readonly become: (next: ClientState) => void;
  readonly missed: (hole: Hole) => void;
  readonly signedOut: () => void;
}

/** The chats of the state, kept whole by what the stream tells, and by fetching what it will not tell. */
export interface KeptChats {
  /** While there is no stream: the next one begins exactly where this is complete up to. */
  begin(snapshot: Snapshot): void;
  /** In the order of the stream. False: too many frames wait, and were let go; only a new snapshot helps. */
  heard(frame: EventFrame): boolean;
  /** From here on what lacks something is fetched, until `stop`. */
  start(signal: AbortSignal): void;
  stop(): void;
  /** A stream begins: what could not be fetched before may be fetched now. */
  fetchWhatIsMissing(): void;
  /** As `ChatClient` has them. */
  open(chatId: string): Promise<void>;
  loadOlder(chatId: string): Promise<void>;
}

export function createKeptChats(options: KeptChatsOptions): KeptChats {
  const { calls, backoff, random, people, state, become } = options;
  const waiting = createWaitingFrames();
  const fills = createFills({ backoff, random, fetch: fetchOnce });
  /** Chats whose messages and members are kept. */
  const opened = new Set<string>();
  let snapshots = 0;
  /** Whether all that the stream tells of was in the snapshot, unless the stream tells that it begins. */
  let isWhole = false;

  /** Whether a frame's chat is known, or whether it says itself that the chat begins or ends. */
  function isKnown({ chat_id: chatId, ...frame }: EventFrame): boolean {
    if (frame.type === "create_chat" || frame.type === "delete_chat") return true;
    return state().chats.has(chatId) || (frame.type === "member_removed" && frame.payload.user_id === state().userId);
  }

  function apply(frame: EventFrame): void {
    const { state: next, hole } = applyFrame(state(), frame);
    become(typingAfter(next, frame));
    const chat = state().chats.get(frame.chat_id);
    if (chat !== undefined && (frame.type === "create_chat" || frame.type === "new_message"))
      people.ask(strangersOf(state(), chat));
    if (hole !== null) options.missed(hole);
    if (lacks(frame.chat_id)) void fill(frame.chat_id);
  }

  /** Whether something of a chat is to be fetched that no frame will tell. */
  function lacks(chatId: string): boolean {
    const chat = state().chats.get(chatId);
    return chat !== undefined && (!chat.complete || (chat.members === null && opened.has(chatId)));
  }

  /** Fetches one chat until nothing of it is missing. Of one that is not known the frames wait until then. */
  async function fill(chatId: string): Promise<void> {
    if (state().chats.has(chatId)) return fills.fill(chatId);
    waiting.hold(chatId);
    await fills.fill(chatId);
    waiting.release(chatId).forEach(apply);
  }

  /**
   * That a chat is not there ends nothing that is known: the stream will tell it in its turn, and what came before. An
   * answer that may be older than what the stream has told says nothing of a chat that is not known.
   */
  async function fetchOnce(chatId: string, signal: AbortSignal): Promise<Fetch> {
    const taken = snapshots;
    let isThere = false;
    let notBeforeMs = 0;
    waiting.hold(chatId);
    try {
      const { chat, stale } = await fetchChat(calls, chatId, signal);
      const isOlder = taken !== snapshots || (stale && !state().chats.has(chatId));
      if (chat !== null && !isOlder) become(chatFetched(state(), chat));
      isThere = !isOlder;
    } catch (error) {
      if (error instanceof SignedOut) options.signedOut();
      if (error instanceof Refused) notBeforeMs = error.retryAfterMs;
    } finally {
      waiting.release(chatId).forEach(apply);
    }
    return { isWhole: isThere && !lacks(chatId), notBeforeMs };
  }

  return {
    begin({ chats, isOfOneMoment }) {
      // What waits is of before.
      waiting.clear();
      snapshots += 1;
      isWhole = isOfOneMoment;
      become(snapshotTaken(state(), chats));
      for (const chatId of opened) if (state().chats.has(chatId)) void fill(chatId);
    },

    heard(frame) {
      const { chat_id: chatId, version } = frame;
      if (!isKnown(frame) && !waiting.holds(chatId)) {
        if (isWhole) options.missed({ chatId, known: 0, heard: version });
        void fill(chatId);
      }
      if (waiting.take(frame)) return !waiting.overflowed();
      apply(frame);
      return true;
    },

    start: fills.begin,
    stop: fills.end,
    fetchWhatIsMissing() {
      for (const chatId of state().chats.keys()) if (lacks(chatId)) void fill(chatId);
    },

    open(chatId) {
      opened.add(chatId);
      return fill(chatId);
    },

    async loadOlder(chatId) {
      const first = state().chats.get(chatId)?.messages[0]?.seq ?? 1;
      if (first <= 1) return;
      waiting.hold(chatId);
      try {
        become(olderFetched(state(), chatId, await fetchOlder(calls, chatId, first)));
      } finally {
        waiting.release(chatId).forEach(apply);
      }
    },
  };
}
