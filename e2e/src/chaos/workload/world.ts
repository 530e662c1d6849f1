import type { Chance } from "../../harness/chance.ts";
import type { Note } from "../history.ts";

/** Where the chat is: with several instances, another one at each call. */
export interface Addresses {
  commands(): string;
  queries(): string;
  /** `ws://…` */
  sockets(): string;
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

export interface Room {
  readonly id: string;
  readonly owner: Person;
  /** In it from the beginning to the end. */
  readonly members: readonly Person[];
  /** Let in and removed again and again, by the owner. */
  readonly guests: readonly Person[];
}

/** What all who play a part know. */
export interface World {
  readonly addresses: Addresses;
  readonly chance: Chance;
  readonly note: Note;
  /** Nobody is there any more to answer: who still asks lets it be. */
  readonly stopped: AbortSignal;
  /** A number for each attempt and connection. */
  nextNumber(): number;
}

export interface Sizes {
  readonly people: number;
  readonly guests: number;
  /** Besides the one of two people alone. */
  readonly rooms: number;
  /** A writer rests for up to so long after each call. */
  readonly restMs: number;
  /** Of a hundred calls; none where there is no store. Most that is done is to be about messages. */
  readonly attachPercent: number;
  /** A device goes away by itself after up to so long. */
  readonly connectedMs: number;
}
