import type { ChatParts } from "@chat/shared/api/chat-object";
import type { MessageRead, MessagesFullyRead } from "@chat/shared/events/chat-events";
import { fullyReadRange, fullyReadSpan } from "@chat/shared/events/fully-read-ranges";
import { formatMessageId } from "@chat/shared/ids";
import type { Position } from "@chat/shared/log/position";
import type { LiveRows } from "@chat/shared/read-model/read-live";
import { membershipChangeOf } from "./audience.ts";
import type { AudienceRows, ChatMoment, MemberCount, NamesOf, SeqRange, SentBy } from "./audience-rows.ts";
import { foldChat } from "./chat-fold.ts";
import { createRecentSenders } from "./recent-senders.ts";
import type { Protocol } from "./protocols/protocol.ts";
import type { Person, Rooms } from "./rooms.ts";
import type { TailBatch } from "./tail.ts";
import type { Facts } from "./tellings.ts";
import type { EventWindow, SeenEvent } from "./window.ts";

/** Of one event, so many messages are named as fully read, the newest; `up_to` speaks for the others. */
const MAX_FULLY_READ = 10_000;
/** The window is cut at most once a second, so rows that lay below it are good at the second reading. */
const MAX_READS = 5;

export interface FactsOptions {
  readonly rows: AudienceRows;
  readonly names: NamesOf;
  readonly window: EventWindow;
  readonly rooms: Rooms;
}

/** What a batch's events do not say themselves and somebody here must hear: read for all of them at once. */
export interface FactsReader {
  /** At once when nothing has to be read, which is nearly always. */
  of(batch: TailBatch): Facts | Promise<Facts>;
  /** For one user who hears late what he was in for: events of one partition, of the past or of the window. */
  forOne(
    userId: string,
    batch: Pick<TailBatch, "partition" | "events">,
    protocol?: Pick<Protocol, "asks">,
  ): Facts | Promise<Facts>;
}

/** For whom facts are wanted. */
interface Listeners {
  isHere(userId: string): boolean;
  anybodyIn(chatId: string): boolean;
  /** Whether somebody there hears it in a dialect that needs to know. */
  ask(chatId: string, what: Asked): boolean;
  /** What is heard now is most likely soon asked for again. */
  readonly live: boolean;
  /** When given, only messages of this author are wanted. */
  readonly author: string | null;
}

type Asked = keyof NonNullable<Protocol["asks"]>;

interface Wanted {
  readonly chats: Set<string>;
  readonly names: Set<string>;
  readonly ranges: SeqRange[];
  readonly moments: ChatMoment[];
  readonly author: string | null;
}

export function createFactsReader({ rows, names, window, rooms }: FactsOptions): FactsReader {
  const senders = createRecentSenders();
  const connected: Listeners = {
    isHere: (userId) => rooms.person(userId) !== undefined,
    anybodyIn: (chatId) => rooms.people(chatId) !== undefined,
    ask(chatId, what) {
      for (const person of rooms.people(chatId) ?? []) if (anyDeviceAsks(person, what)) return true;
      return false;
    },
    live: true,
    author: null,
  };

  function wantedBy(events: readonly SeenEvent[], listeners: Listeners): Wanted {
    const wanted: Wanted = { chats: new Set(), names: new Set(), ranges: [], moments: [], author: listeners.author };
    const entered = new Set<string>();
    for (const { record } of events) {
      const { event, chatId } = record;
      if (membershipChangeOf(event).joined.some(listeners.isHere)) entered.add(chatId);
      const somebodyIsIn = entered.has(chatId) || listeners.anybodyIn(chatId);
      switch (event.type) {
        case "MessageSent":
          if (somebodyIsIn && listeners.live) senders.note(chatId, event.seq, record.actor);
          break;
        case "ChatRenamed":
        case "ChatDeleted":
          if (somebodyIsIn) wanted.chats.add(chatId);
          break;
        case "MembersAdded":
          if (entered.has(chatId)) wanted.chats.add(chatId);
          if (somebodyIsIn) for (const { userId } of event.members) wanted.names.add(userId);
          break;
        case "MessagesFullyRead":
          if (!somebodyIsIn) break;
          wanted.ranges.push(...unknownSenders(chatId, event, listeners.author));
          if (listeners.ask(chatId, "membersAtFullRead")) wanted.moments.push({ chatId, version: record.version });
          break;
        case "MessageRead":
          if (somebodyIsIn && listeners.ask(chatId, "authorOfRead")) {
            const seq = seqOfRead(event);
            if (senders.senderOf(chatId, seq) === undefined) wanted.ranges.push({ chatId, from: seq - 1, upTo: seq });
          }
          break;
        case "ChatCreated":
        case "MemberRemoved":
        case "MemberLeft":
        case "MemberRoleChanged":
        case "MessageEdited":
        case "MessageDeleted":
        case "FileAttached":
          break;
        default:
          event satisfies never;
      }
    }
    return wanted;
  }

  function unknownSenders(chatId: string, event: MessagesFullyRead, author: string | null): SeqRange[] {
    if (author !== null && fullyReadRange(event, author) === null) return [];
    const { from, upTo } = spanOf(event);
    const range = { chatId, from, upTo: Math.min(upTo, senders.firstOf(chatId) - 1) };
    return range.from < range.upTo ? [range] : [];
  }

  async function read(wanted: Wanted, batch: Pick<TailBatch, "partition" | "events">): Promise<Facts> {
    const [chats, sent, counts, known] = await Promise.all([
      wanted.chats.size === 0 ? noRows : readAboveWindowStart(batch.partition, () => rows.chats([...wanted.chats])),
      wanted.ranges.length === 0
        ? noRows
        : readAboveWindowStart(batch.partition, () => rows.senders(wanted.ranges, wanted.author)),
      wanted.moments.length === 0
        ? noRows
        : readAboveWindowStart(batch.partition, () => rows.memberCounts(wanted.moments)),
      wanted.names.size === 0 ? noNames : names([...wanted.names]),
    ]);
    return factsFrom(batch, { chats, sent, counts, known });
  }

  async function readAboveWindowStart<Row>(
    partition: number,
    readRows: () => Promise<LiveRows<Row>>,
  ): Promise<LiveRows<Row>> {
    for (let reads = 0; reads < MAX_READS; reads += 1) {
      const found = await readRows();
      if ((found.positions.get(partition)?.offset ?? 0) >= window.start(partition)) return found;
    }
    throw new Error(`the read models of partition ${partition} lie below what is held in memory`);
  }

  function factsFrom(batch: Pick<TailBatch, "partition" | "events">, { chats, sent, counts, known }: Found): Facts {
    const chatRows = new Map(chats.rows.map((chat) => [chat.chatId, chat]));
    const readUpTo = chats.positions.get(batch.partition)?.offset ?? 0;
    const senderRows = new Map(sent.rows.map((row) => [formatMessageId(row.chatId, row.seq), row.senderId]));
    for (const { record } of sentSince(batch.partition, sent.positions)) {
      if (record.event.type === "MessageSent") {
        senderRows.set(formatMessageId(record.chatId, record.event.seq), record.actor);
      }
    }

    return {
      chatAfter(record) {
        const row = chatRows.get(record.chatId) ?? null;
        if (record.event.type === "ChatCreated") {
          const chat = foldChat(null, record);
          return chat === null ? null : { chat, newer: false };
        }
        if (row !== null && row.version > record.version) return { chat: row, newer: true };
        let chat = row;
        for (const { record: later } of [...(window.from(batch.partition, readUpTo) ?? []), ...batch.events]) {
          if (later.chatId !== record.chatId || later.version <= (chat?.version ?? 0)) continue;
          if (later.version > record.version) break;
          chat = foldChat(chat, later);
        }
        return chat === null ? null : { chat, newer: false };
      },

      nameOf: (userId) => known.get(userId) ?? null,
      messageNow: () => null,

      fullyReadBy(record) {
        const authors = new Map<string, { seqs: number[]; upTo: number }>();
        const { event, chatId } = record;
        if (event.type !== "MessagesFullyRead") return authors;
        const span = spanOf(event);
        for (let seq = span.from + 1; seq <= span.upTo; seq += 1) {
          const author = senders.senderOf(chatId, seq) ?? senderRows.get(formatMessageId(chatId, seq));
          const range = author === undefined ? null : fullyReadRange(event, author);
          if (author === undefined || range === null || seq <= range.from || seq > range.upTo) continue;
          const read = authors.get(author);
          if (read === undefined) authors.set(author, { seqs: [seq], upTo: range.upTo });
          else read.seqs.push(seq);
        }
        return authors;
      },

      authorOfRead({ event, chatId }) {
        if (event.type !== "MessageRead") return undefined;
        const seq = seqOfRead(event);
        return senders.senderOf(chatId, seq) ?? senderRows.get(formatMessageId(chatId, seq));
      },

      membersAt({ chatId, version }) {
        const row = counts.rows.find((count) => count.chatId === chatId && count.version === version);
        if (row === undefined) return undefined;
        const countedUpTo = counts.positions.get(batch.partition)?.offset ?? 0;
        const since = [...(window.from(batch.partition, countedUpTo) ?? []), ...batch.events];
        const changes = new Map(
          since
            .filter(
              ({ offset, record }) => offset >= countedUpTo && record.chatId === chatId && record.version < version,
            )
            .map(({ offset, record }) => [offset, membershipChangeOf(record.event)]),
        );
        return [...changes.values()].reduce(
          (members, { joined, gone }) => members + joined.length - (gone === "everybody" ? members : gone.length),
          row.members,
        );
      },
    };
  }

  /** Messages that the rows did not know yet; none when no rows were asked for. */
  function sentSince(partition: number, positions: ReadonlyMap<number, Position>): readonly SeenEvent[] {
    const readUpTo = positions.get(partition)?.offset;
    return readUpTo === undefined ? [] : (window.from(partition, readUpTo) ?? []);
  }

  function factsFor(listeners: Listeners, batch: Pick<TailBatch, "partition" | "events">): Facts | Promise<Facts> {
    const wanted = wantedBy(batch.events, listeners);
    if (wanted.chats.size + wanted.names.size + wanted.ranges.length + wanted.moments.length > 0)
      return read(wanted, batch);
    return factsFrom(batch, { chats: noRows, sent: noRows, counts: noRows, known: noNames });
  }

  return {
    of: (batch) => factsFor(connected, batch),
    forOne(userId, batch, { asks } = {}) {
      const ask = (_chatId: string, what: Asked): boolean => asks?.[what] === true;
      return factsFor(
        { isHere: (id) => id === userId, anybodyIn: () => true, ask, live: false, author: userId },
        batch,
      );
    },
  };
}

/** What was read for a batch; nothing where nothing was asked for. */
interface Found {
  readonly chats: LiveRows<ChatParts>;
  readonly sent: LiveRows<SentBy>;
  readonly counts: LiveRows<MemberCount>;
  readonly known: ReadonlyMap<string, string>;
}

const seqOfRead = ({ named, upTo }: MessageRead): number => named ?? upTo;

function anyDeviceAsks({ devices, catchingUp }: Person, what: Asked): boolean {
  for (const { protocol } of devices) if (protocol.asks?.[what] === true) return true;
  for (const { protocol } of catchingUp) if (protocol.asks?.[what] === true) return true;
  return false;
}

const noRows = { rows: [], positions: new Map() };
const noNames: ReadonlyMap<string, string> = new Map();

function spanOf(event: MessagesFullyRead): { readonly from: number; readonly upTo: number } {
  const { from, upTo } = fullyReadSpan(event);
  return { from: Math.max(from, upTo - MAX_FULLY_READ), upTo };
}
