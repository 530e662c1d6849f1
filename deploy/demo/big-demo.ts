import type { ChatEvent } from "@chat/shared/events/chat-events";

/** All of it; a part has so much less of each. */
const whole = { people: 10_000, chats: 5_000, messages: 1_000_000 } as const;

/** The first chat alone has a tenth of all messages: the long history that people fear. */
const shareOfBiggest = 0.1;
/** The first person is in every tenth chat, with a list of chats that goes on and on. */
const chatsOfFirst = 10;
const groupSizes = { fewest: 2, most: 20 } as const;
/** Prime to the number of people, so that the members of a chat are different ones. */
const strideOfMembers = 37;
/** In smaller groups somebody's reading might make messages fully read, which is a fact for the decider to state. */
const fewestWithReaders = 4;
/** What the first member has not read. */
const leftUnread = 3;

const firstDay = Date.UTC(2025, 0, 1);
const spanMs = 360 * 24 * 60 * 60 * 1_000;

const sentences = [
  "Доброе утро! Что у нас сегодня по плану?",
  "Отчёт готов, посмотрите, пожалуйста, до обеда.",
  "Looks good to me, thank you.",
  "Кто-нибудь видел, почему вчера упала сборка?",
  "Да, уже чиню: не хватало места на диске.",
  "👍",
  "Let us meet at ten and decide then, the others will be there too.",
  "Я сегодня работаю из дома, пишите сюда.",
  "Перенесём встречу на завтра? У меня до вечера занято всё, кроме часа после обеда.",
] as const;

/** What happens in one chat, as a pure function of which it is and of the version: whatever was cut can go on. */
export interface DemoChat {
  /** With the creator, the name that its id is derived from. */
  readonly key: string;
  /** Indices of people, the creator first. */
  readonly members: readonly number[];
  readonly messages: number;
  /** The last version. */
  readonly versions: number;
  eventAt(version: number, idOf: (person: number) => string): DemoEvent;
}

export interface DemoEvent {
  readonly actor: number;
  readonly at: string;
  readonly event: ChatEvent;
}

export interface BigDemo {
  readonly people: number;
  readonly chats: readonly DemoChat[];
  readonly events: number;
  email(person: number): string;
  name(person: number): string;
}

/** `part` of the whole, from 0.001 to 1. Each part has chats of its own; people are the same in all. */
export function bigDemo(part: number): BigDemo {
  const people = Math.round(whole.people * part);
  const count = Math.round(whole.chats * part);
  const messages = Math.round(whole.messages * part);
  const inBiggest = Math.round(messages * shareOfBiggest);
  const inOthers = messages - inBiggest;
  const chats = Array.from({ length: count }, (_, index) => {
    const share = (upTo: number): number => Math.floor((inOthers * upTo) / (count - 1));
    return demoChat(part, index, people, index === 0 ? inBiggest : share(index) - share(index - 1));
  });
  return {
    people,
    chats,
    events: chats.reduce((sum, { versions }) => sum + versions, 0),
    email: (person) => `user${numbered(person)}@example.com`,
    name: (person) => `Пользователь ${numbered(person)}`,
  };
}

const numbered = (person: number): string => String(person + 1).padStart(5, "0");

function demoChat(part: number, index: number, people: number, messages: number): DemoChat {
  const members = membersOf(index, people);
  const readers = members.length < fewestWithReaders ? [] : [messages - leftUnread, Math.floor(messages / 2)];
  const reads = readers.flatMap((upTo, reader) => (upTo > 0 ? [{ reader, upTo }] : []));
  const timeOf = (seq: number): string =>
    new Date(firstDay + index + Math.floor((spanMs * seq) / (messages + 1))).toISOString();

  function memberAt(place: number): number {
    return members[place % members.length] ?? 0;
  }

  return {
    key: `big-demo-${part}-${index}`,
    members,
    messages,
    versions: 1 + messages + reads.length,
    eventAt(version, idOf) {
      if (version === 1) return { actor: memberAt(0), at: timeOf(0), event: created(idOf) };
      const seq = version - 1;
      if (seq <= messages) {
        const text = `${sentences[(seq * 5 + index) % sentences.length] ?? ""} (${seq})`;
        const event = { type: "MessageSent", seq, replyTo: null, content: { text } } as const;
        return { actor: memberAt(seq * 7 + (seq >> 3)), at: timeOf(seq), event };
      }
      const { reader, upTo } = reads[seq - messages - 1] ?? { reader: 0, upTo: 0 };
      const event = { type: "MessageRead", from: 0, upTo, named: null } as const;
      return { actor: memberAt(reader), at: timeOf(messages + 1), event };
    },
  };

  function created(idOf: (person: number) => string): ChatEvent {
    const roleOf = (place: number) => (place === 0 ? "owner" : "member");
    return {
      type: "ChatCreated",
      chatType: "group",
      members: members.map((person, place) => ({ userId: idOf(person), role: roleOf(place) })),
      content: { title: `Группа ${String(index + 1)}`, description: null },
    };
  }
}

function membersOf(index: number, people: number): readonly number[] {
  const sizes = groupSizes.most - groupSizes.fewest + 1;
  const size = Math.min(people, index === 0 ? groupSizes.most : groupSizes.fewest + ((index * 7) % sizes));
  const members = Array.from({ length: size }, (_, place) => (index * 13 + place * strideOfMembers) % people);
  if (index % chatsOfFirst !== 0 || members.includes(0)) return members;
  return [0, ...members.slice(1)];
}
