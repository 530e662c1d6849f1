import type { FrameToClient } from "@chat/shared/api/frames-to-clients";
import type { UserObject } from "@chat/shared/api/user-object";
import type { Hole } from "./apply-frame.ts";
import { createAskWhoIs, strangersIn } from "./fetch-users.ts";
import { fetchSnapshot } from "./fetching.ts";
import { type Backoff, defaultBackoff } from "./full-jitter.ts";
import { createHttpCalls, type Credentials, Refused, type SendForm, SignedOut } from "./http-calls.ts";
import { createKeptChats } from "./kept-chats.ts";
import { newId } from "./new-id.ts";
import { applySignal, nobodyThere, withTyping, withUser } from "./others.ts";
import { createOutbox, type NewContent, type Outbox } from "./outbox.ts";
import { createOwnTyping } from "./own-typing.ts";
import { createReader } from "./reader.ts";
import { type ClientState, emptyState, type OutgoingMessage } from "./state.ts";
import { createStream, type Socket } from "./stream.ts";
import { createTypingEnds } from "./typing-ends.ts";

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
  /** It comes back by itself: not told at `stop` or where the user is signed out. */
  | { readonly type: "disconnected"; readonly code: number }
  /** No token is to be had; everything stops until `start` is called again. */
  | { readonly type: "signed_out" }
  /** Events were missing, and are fetched: the server broke its promise. */
  | { readonly type: "hole"; readonly hole: Hole }
  | { readonly type: "refused"; readonly message: OutgoingMessage };

/** All of one user's chats, kept as they are on the server for as long as it runs, whatever the network does. */
export interface ChatClient extends Pick<Outbox, "discard" | "discardFile"> {
  state(): ClientState;
  /** Returns the function that ends it. */
  subscribe(listener: (news: News) => void): () => void;
  /** Before it nothing is asked or sent; what was written or opened waits. */
  start(): void;
  /** Until `start` is called again, which goes on where this has ended: what is not settled stays. */
  stop(): Promise<void>;
  /**
   * Fetches the chat's newest messages and its members, which are kept from then on. Resolves when they are there, when the
   * chat is not there for this user, and at `stop`: then they are fetched after the next `start`.
   */
  open(chatId: string): Promise<void>;
  /** Fetches the page before the oldest message that is known. */
  loadOlder(chatId: string): Promise<void>;
  /** Shows it at once and sends it until it is answered, then its files likewise. Returns its client message id. */
  send(chatId: string, text: string, content?: NewContent): string;
  /** A file or a picture, by the `url` or `avatar` that names it. Rejects with `Refused`, or when there was no answer. */
  download(url: string, signal?: AbortSignal): Promise<Blob>;
  /**
   * To be called when the browser says that it is offline, or online again: whether the connection still stands is found out at
   * once, and one that is down is tried again without a wait.
   */
  networkChanged(): void;
  /** Up to a seq; up to the last one when absent. */
  markRead(chatId: string, upTo?: number): void;
  /** This user types, or no more. May be called at every key; ends by itself after some seconds. */
  typing(chatId: string, isTyping?: boolean): void;
}

export function createChatClient(options: ChatClientOptions): ChatClient {
  const { backoff = defaultBackoff, random = Math.random, device = newId() } = options;
  const calls = createHttpCalls({ ...options, fetch: options.fetch ?? fetch });
  const listeners = new Set<(news: News) => void>();
  let state = emptyState("");
  let cursor: string | null = null;
  let snapshotIsNeeded = true;
  let cursorRefusals = 0;
  let running: { readonly abort: AbortController; readonly ended: Promise<void> } | null = null;

  function tell(news: News): void {
    for (const listener of listeners) {
      try {
        listener(news);
      } catch (error) {
        // A listener's mistake is told to whoever hears of mistakes here, and takes nothing with it that is half done.
        queueMicrotask(() => {
          throw error instanceof Error ? error : new Error(String(error));
        });
      }
    }
  }
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
  const reader = createReader({ calls, backoff, random, signedOut: () => signOut() });
  const people = createAskWhoIs({
    ...{ calls, backoff, random },
    learn: (users) => become(users.reduce(withUser, state)),
    signedOut: () => signOut(),
  });
  const chats = createKeptChats({
    ...{ calls, backoff, random, people, become },
    state: () => state,
    missed: (hole) => tell({ type: "hole", hole }),
    signedOut: () => signOut(),
  });
  const stream = createStream({
    backoff,
    random,
    openSocket: options.openSocket ?? ((url) => new WebSocket(url)),
    address,
    heard,
    ended({ code, ready, stopped }) {
      cursorRefusals = ready ? 0 : cursorRefusals + 1;
      if (cursorRefusals >= MAX_CURSOR_REFUSALS) {
        snapshotIsNeeded = true;
        cursorRefusals = 0;
      }
      typingEnds.clear();
      become(nobodyThere(state));
      // Whoever stops it, or signs out, is not to wait for it.
      if (!stopped) tell({ type: "disconnected", code });
    },
    isFinal: (error) => error instanceof SignedOut,
  });

  const typingEnds = createTypingEnds((chatId, userId) => become(withTyping(state, chatId, userId, false)));
  const ownTyping = createOwnTyping(stream.send);

  /** A ticket and no token: a URL may end up in a log. And its call tells, as no socket does to a page, why one is refused. */
  async function address(signal: AbortSignal): Promise<string> {
    if (state.userId === "") {
      const { body } = await calls.get<UserObject>("/users/me", signal);
      become(withUser({ ...state, userId: body.id }, body));
    }
    if (snapshotIsNeeded) {
      const snapshot = await fetchSnapshot(calls, signal);
      cursor = snapshot.position;
      snapshotIsNeeded = false;
      chats.begin(snapshot);
    }
    chats.start(signal);
    const answer = await calls.post<{ readonly ticket: string }>("/ws-ticket", {}, { signal });
    if (!("ticket" in answer.body)) throw new Refused("/ws-ticket", answer);
    const query = new URLSearchParams({ ticket: answer.body.ticket, device });
    if (cursor !== null) query.set("cursor", cursor);
    return `${options.url.replace(/^http/, "ws")}/ws?${query.toString()}`;
  }

  /** The stream goes on somewhere else than where it had ended: what lies between is in a new snapshot. */
  function beginAnew(): void {
    snapshotIsNeeded = true;
    stream.reconnect();
  }

  function heard(frame: FrameToClient): void {
    if ("version" in frame) {
      cursor = frame.at;
      if (!chats.heard(frame)) beginAnew();
      return;
    }
    switch (frame.type) {
      case "ready":
        if (frame.cursor !== cursor && !frame.resumed) {
          beginAnew();
          return;
        }
        cursor = frame.cursor;
        tell({ type: "connected" });
        outbox.goOn();
        reader.goOn();
        people.begin();
        people.ask([...state.users.keys(), ...strangersIn(state)]);
        chats.fetchWhatIsMissing();
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

  function halt(): void {
    running?.abort.abort();
    outbox.stop();
    reader.stop();
    chats.stop();
    people.end();
  }

  function signOut(): void {
    if (running?.abort.signal.aborted !== false) return;
    halt();
    tell({ type: "signed_out" });
  }

  async function run({ signal }: AbortController, before: Promise<void> | undefined): Promise<void> {
    await before;
    await stream.run(signal).catch(() => {
      if (!signal.aborted) signOut();
    });
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
      running = { abort, ended: run(abort, running?.ended) };
      outbox.start();
      reader.start();
    },

    async stop() {
      halt();
      await running?.ended;
    },

    open: chats.open,
    loadOlder: chats.loadOlder,

    send(chatId, text, content = {}) {
      ownTyping(chatId, false);
      return outbox.send(chatId, text, content);
    },

    networkChanged: stream.networkChanged,
    discard: outbox.discard,
    discardFile: outbox.discardFile,
    download: calls.download,

    typing: (chatId, isTyping = true) => ownTyping(chatId, isTyping),

    markRead(chatId, upTo = state.chats.get(chatId)?.lastSeq ?? 0) {
      if (upTo > (state.chats.get(chatId)?.readUpTo ?? 0)) reader.markRead(chatId, upTo);
    },
  };
}
