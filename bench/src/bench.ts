import type pg from "pg";
import type { DriverSocket } from "./driver/web-socket.ts";
import type { Faults } from "./exactly-once.ts";
import type { Options } from "./options.ts";
import type { Person } from "./people.ts";
import type { ReadyProgram } from "./processes.ts";

/** The system that is measured, and what all experiments share. */
export interface Bench {
  readonly options: Options;
  readonly faults: Faults;
  readonly secret: string;
  /** Enough people for the largest experiment. */
  readonly people: readonly Person[];
  readonly say: (progress: string) => void;
  port(): number;
  chat(): ReadyProgram;
  /** Stops the system and starts it again on the same data. */
  restart(nodeFlags?: readonly string[]): Promise<void>;
  /** Of the system's own database; `floor` is another one on the same server. */
  databaseUrl(name: "chat" | "floor" | "catch_up"): Promise<string>;
  db(): pg.Pool;
  makeGroup(members: readonly Person[]): Promise<string>;
  /** Each on a device that is new, and so starts at now: one that comes back is told first what it has missed in other chats. A socket that ends is a fault, unless somebody else hears of it. */
  openSockets(people: readonly Person[], ended?: (why: string) => void): Promise<DriverSocket[]>;
  /** A chat with a long history, made when it is first asked for. */
  history(): Promise<History>;
  /** Waits until the read models hold all that was acknowledged: the work that a measurement has left behind is its own. A fault when they never do. */
  settled(chatId: string, member: Person): Promise<void>;
  close(): Promise<void>;
}

export interface History {
  readonly chatId: string;
  readonly reader: Person;
  /** The seq of the newest message: a little more than was asked for. */
  readonly last: number;
}
