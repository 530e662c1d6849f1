import type { ChatState, ClientState } from "@chat/client/state";
import type { Words } from "./words.ts";

/** Those whose names are known beside those of a chat's members, and oneself. */
export type People = Pick<ClientState, "userId" | "users">;

/** The other one of a private chat; undefined for a group, or when he has gone. */
export function partnerOf({ userId }: People, { chat }: ChatState): string | undefined {
  return chat.chat_type === "private" ? chat.member_ids.find((id) => id !== userId) : undefined;
}

export function nameOfChat(people: People, chat: ChatState, words: Words): string {
  const partner = partnerOf(people, chat);
  if (partner !== undefined) return nameOfPerson(people, chat, partner, words);
  return chat.chat.title ?? words.deletedUser;
}

/** Of who said something: of oneself as one is spoken to. */
export function nameOfSender(people: People, chat: ChatState, userId: string, words: Words): string {
  return userId === people.userId ? words.you : nameOfPerson(people, chat, userId, words);
}

export function nameOfPerson(people: People, chat: ChatState, userId: string, words: Words): string {
  return people.users.get(userId)?.name ?? chat.members?.get(userId)?.name ?? words.deletedUser;
}

/** A name inside a sentence that is one text. However it is written, it turns round nothing beside it (UAX #9, isolates). */
export const isolated = (name: string): string => `\u2068${name}\u2069`;

/** Where a picture is: another one has another address. Null for whom no profile is known, or none with a picture. */
export const pictureOfPerson = ({ users }: People, userId: string): string | null => users.get(userId)?.avatar ?? null;

/** Whom or what a chat's picture shows: it has the colour that the other one of a private chat has elsewhere. */
export const idOfPicture = (people: People, chat: ChatState): string => partnerOf(people, chat) ?? chat.chat.id;

export function pictureOfChat(people: People, chat: ChatState): string | null {
  const partner = partnerOf(people, chat);
  return partner === undefined ? chat.chat.avatar : pictureOfPerson(people, partner);
}

/** What a message says that was sent without words: a message without any does not exist. */
export const namesOfFiles = (files: readonly { readonly name: string }[]): string =>
  files.map(({ name }) => name).join(", ");

/** What stands in a circle where there is no picture. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/u).map((word) => word.replace(LEADING_UNSEEN, ""));
  const initials = words
    .filter((word) => word !== "")
    .slice(0, 2)
    .map(firstSign);
  return initials.join("").toLocaleUpperCase();
}

/** What says how the rest is to be written, and is not seen itself. */
const LEADING_UNSEEN = /^\p{C}+/u;
const signs = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** As a reader counts: a flag, or a letter with its accents, is one. */
const firstSign = (word: string): string => signs.segment(word).containing(0)?.segment ?? "";

/** One of the colours of the style sheet, the same for the same id everywhere. */
export function colourOf(id: string): string {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 997;
  return `colour-${String(sum % COLOURS)}`;
}

const COLOURS = 6;

/** For names as a language orders them, with numbers by what they are worth: "Ann 2" before "Ann 10". */
export function comparerOfNames(language: string): (one: string, other: string) => number {
  return new Intl.Collator(language, { numeric: true }).compare;
}
