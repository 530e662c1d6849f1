import type { EventFrame, FrameToClient } from "@chat/shared/api/frames-to-clients";
import type { UserObject } from "@chat/shared/api/user-object";
import { chatFetched, olderFetched, snapshotTaken } from "./apply-fetched.ts";
import { applyFrame, type Hole } from "./apply-frame.ts";
import { createAskWhoIs, strangersIn } from "./fetch-users.ts";
import { fetchChat, fetchOlder, fetchSnapshot } from "./fetching.ts";
import { type Backoff, defaultBackoff, fullJitter } from "./full-jitter.ts";
import { createHttpCalls, type Credentials, Refused, type SendForm, SignedOut } from "./http-calls.ts";
import { newId } from "./new-id.ts";
import { applySignal, nobodyThere, typingAfter, withTyping, withUser } from "./others.ts";
import { createOutbox, type NewContent, type Outbox } from "./outbox.ts";
import { createOwnTyping } from "./own-typing.ts";
import { pause } from "./pause.ts";
import { createReader } from "./reader.ts";
import { type ClientState, emptyState, type OutgoingMessage, withoutChat } from "./state.ts";
import { createStream, type Socket } from "./stream.ts";
import { createTypingEnds } from "./typing-ends.ts";
import { allChats, createWaitingFrames } from "./waiting-frames.ts";

/** A cursor that the server refuses is told to a page as a socket that never opened: after so many it begins anew. */
const MAX_CURSOR_REFUSALS = 3;

export interface ChatClientOptions {
  /** `https://chat.example`, without a path. */
  readonly url: string;
  readonly credentials: Credentials;
  /** This device's name to the server; one for each client that runs. Made up when absent. */
  readonly device?: string;
  /** With `WebSocket` of the browser or of Node when absent. */
  readonly openSocket?: (url: string) => Socket;
  readonly fetch?: typeof fetch;
  /** How files are sent; with `fetch`, which does not say how far it is, when absent. */
  readonly sendForm?: SendForm;
  readonly backoff?: Backoff;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

/** What a page may want to know as soon as it happens. */
export type News =
  | { readonly type: "state"; readonly state: ClientState }
  | { readonly type: "connected" }
  /** It comes back by itself. */
  | { readonly type: "disconnected"; readonly code: number }
  /** No token is to be had; everything stops until `start` is called again. */
  | { readonly type: "signed_out" }
  /** Events were missing, and are fetched: the server broke its promise. */
  | { readonly type: "hole"; readonly hole: Hole }
  | { readonly type: "refused"; readonly message: OutgoingMessage };

/** All of a user's chats, kept as they are on the server for as long as it runs, whatever the network does. */
export interface ChatClient extends Pick<Outbox, "discard" | "discardFile"> {
  state(): ClientState;
  /** Returns the function that ends it. */
  subscribe(listener: (news: News) => void): () => void;
  start(): void;
  /** For good. */
  stop(): Promise<void>;
  /** Fetches the chat's newest messages and its members, which are kept from then on. Resolves when they are there. */
  open(chatId: string): Promise<void>;
  /** Fetches the page before the oldest message that is known. */
  loadOlder(chatId: string): Promise<void>;
  /** Shows it at once and sends it until it is answered, then its files likewise. Returns its client message id. */
  send(chatId: string, text: string, content?: NewContent): string;
  /** A file or a picture, by the `url` or `avatar` that names it. Rejects with `Refused`, or when there was no answer. */
  download(url: string, signal?: AbortSignal): Promise<Blob>;
  /** Up to a seq; up to the last one when absent. */
  markRead(chatId: string, upTo?: number): void;
  /** This user types, or no more. May be called at every key; ends by itself after some seconds. */
  typing(chatId: string, isTyping?: boolean): void;
}

export function createChatClient(options: ChatClientOptions): ChatClient {
  const { backoff = defaultBackoff, random = Math.random, device = newId() } = options;
  const calls = createHttpCalls({ ...options, fetch: options.fetch ?? fetch });
  const listeners = new Set<(news: News) => void>();
  const waiting = createWaitingFrames();
  const filling = new Map<string, Promise<void>>();
  /** Chats whose messages and members are kept. */
  const opened = new Set<string>();
  let state = emptyState("");
  let cursor: string | null = null;
  let snapshotIsNeeded = true;
  let cursorRefusals = 0;
  let running: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;

  const tell = (news: News): void => listeners.forEach((listener) => listener(news));
  const become = (next: ClientState): void => {
    if (next === state) return;
    state = next;
    tell({ type: "state", state });
  };

  const outbox = createOutbox({
    ...{ calls, backoff, random },
    change: (next) => become(next(state)),
    refused(id) {
      const message = state.outgoing.find(({ clientMessageId }) => clientMessageId === id);
      if (message !== undefined) tell({ type: "refused", message });
    },
    signedOut: () => signOut(),
  });
  const reader = createReader({ calls, backoff, random });
  const stream = createStream({
    backoff,
    random,
    openSocket: options.openSocket ?? ((url) => new WebSocket(url)),
    address,
    heard,
    ended({ code, ready }) {
      cursorRefusals = ready ? 0 : cursorRefusals + 1;
      if (cursorRefusals >= MAX_CURSOR_REFUSALS) snapshotIsNeeded = true;
      typingEnds.clear();
      become(nobodyThere(state));
      tell({ type: "disconnected", code });
    },
    isFinal: (error) => error instanceof SignedOut,
  });

  const typingEnds = createTypingEnds((chatId, userId) => become(withTyping(state, chatId, userId, false)));
  const ownTyping = createOwnTyping(stream.send);
  const askWhoIs = createAskWhoIs(calls, (users) => become(users.reduce(withUser, state)));

  /** A ticket and no token: a URL may end up in a log. And its call tells, as no socket does to a page, why one is refused. */
  async function address(): Promise<string> {
    if (state.userId === "") {
      const { body } = await calls.get<UserObject>("/users/me");
      become(withUser(emptyState(body.id), body));
    }
    if (snapshotIsNeeded) await takeSnapshot();
    const answer = await calls.post<{ readonly ticket: string }>("/ws-ticket", {});
    if (!("ticket" in answer.body)) throw new Refused("/ws-ticket", answer.status);
    const query = new URLSearchParams({ ticket: answer.body.ticket, device });
    if (cursor !== null) query.set("cursor", cursor);
    return `${options.url.replace(/^http/, "ws")}/ws?${query.toString()}`;
  }

  /** The frames of all chats wait meanwhile, if any come. */
  async function takeSnapshot(): Promise<void> {
    waiting.hold(allChats);
    try {
      const { chats, position } = await fetchSnapshot(calls);
      become(snapshotTaken(state, chats));
      // On a stream that runs, what it has told meanwhile is further on than this.
      if (snapshotIsNeeded) cursor = position;
      snapshotIsNeeded = false;
    } finally {
      waiting.release(allChats).forEach(apply);
    }
    for (const chatId of opened) if (state.chats.has(chatId)) void fill(chatId);
  }

  /** The stream goes on somewhere else than where it had ended: what lies between is in a new snapshot. */
  function beginAnew(): void {
    takeSnapshot().catch(() => {
      snapshotIsNeeded = true;
      stream.reconnect();
    });
  }

  function heard(frame: FrameToClient): void {
    if ("version" in frame) {
      heardEvent(frame);
      return;
    }
    switch (frame.type) {
      case "ready":
        tell({ type: "connected" });
        outbox.goOn();
        askWhoIs([...state.users.keys(), ...strangersIn(state)]);
        if (frame.cursor !== cursor && !frame.resumed) beginAnew();
        else for (const [id, { complete }] of state.chats) if (!complete) void fill(id);
        cursor = frame.cursor;
        return;
      case "cursor":
        cursor = frame.at;
        return;
      case "resync":
        beginAnew();
        return;
      case "typing":
      case "presence":
      case "user_updated":
        typingEnds.heard(frame);
        become(applySignal(state, frame));
        return;
      case "reply":
      case "error":
        return;
      default:
        // A server that is newer may tell more.
        frame satisfies never;
    }
  }

  function heardEvent(frame: EventFrame): void {
    cursor = frame.at;
    if (!waiting.take(frame)) apply(frame);
    else if (waiting.overflowed()) {
      snapshotIsNeeded = true;
      stream.reconnect();
    }
  }

  function apply(frame: EventFrame): void {
    const { state: next, hole } = applyFrame(state, frame);
    become(typingAfter(next, frame));
    if (frame.type === "create_chat" || frame.type === "new_message") askWhoIs(strangersIn(state));
    if (hole !== null) tell({ type: "hole", hole });
    if (hole !== null || state.chats.get(frame.chat_id)?.complete === false) void fill(frame.chat_id);
  }

  /** Fetches one chat until nothing of it is missing. */
  function fill(chatId: string): Promise<void> {
    const begun = filling.get(chatId);
    if (begun !== undefined) return begun;
    const filled = fetchUntilComplete(chatId).finally(() => filling.delete(chatId));
    filling.set(chatId, filled);
    return filled;
  }

  async function fetchUntilComplete(chatId: string): Promise<void> {
    const signal = running?.abort.signal;
    for (let failures = 0; signal?.aborted === false; failures += 1) {
      waiting.hold(chatId);
      let fetched = false;
      try {
        const chat = await fetchChat(calls, chatId);
        become(chat === null ? withoutChat(state, chatId) : chatFetched(state, chat));
        fetched = true;
      } catch (error) {
        if (error instanceof SignedOut) return;
      } finally {
        waiting.release(chatId).forEach(apply);
      }
      if (fetched && state.chats.get(chatId)?.complete !== false) return;
      await pause(fullJitter(failures, backoff, random), signal);
    }
  }

  function signOut(): void {
    if (running?.abort.signal.aborted !== false) return;
    running.abort.abort();
    tell({ type: "signed_out" });
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    start() {
      if (running?.abort.signal.aborted === false) return;
      const abort = new AbortController();
      running = { abort, ended: stream.run(abort.signal).catch(signOut) };
    },

    async stop() {
      running?.abort.abort();
      outbox.stop();
      reader.stop();
      await running?.ended;
    },

    open(chatId) {
      opened.add(chatId);
      return fill(chatId);
    },

    async loadOlder(chatId) {
      const first = state.chats.get(chatId)?.messages[0]?.seq ?? 1;
      if (first <= 1) return;
      waiting.hold(chatId);
      try {
        become(olderFetched(state, chatId, await fetchOlder(calls, chatId, first)));
      } finally {
        waiting.release(chatId).forEach(apply);
      }
    },

    send(chatId, text, content = {}) {
      ownTyping(chatId, false);
      return outbox.send(chatId, text, content);
    },

    discard: outbox.discard,
    discardFile: outbox.discardFile,
    download: calls.download,

    typing: (chatId, isTyping = true) => ownTyping(chatId, isTyping),

    markRead(chatId, upTo = state.chats.get(chatId)?.lastSeq ?? 0) {
      if (upTo > (state.chats.get(chatId)?.readUpTo ?? 0)) reader.markRead(chatId, upTo);
    },
  };
}
