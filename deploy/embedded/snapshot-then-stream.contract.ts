import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { eventually } from "@chat/shared/testing/eventually";
import { type ChatSnapshot, createFoldedChats, type FoldedChats } from "@chat/shared/testing/folded-chats";
import { openSocket } from "@chat/shared/testing/socket-client";
import { formOf } from "./testing/upload-forms.ts";
import { type ChatStack, withChat } from "./testing/with-chat.ts";
import type { LogKind } from "./testing/with-log.ts";

const PEOPLE = 3;
/** Dozens of sockets are compared at once, on a machine that others may use. */
const wide = { within: 60_000 };
/** So few that much happens in each. */
const MAX_CHATS = 2;

type Kind =
  "create" | "send" | "edit" | "delete" | "attach" | "read" | "add" | "remove" | "leave" | "role" | "rename" | "end";
const kinds: readonly (readonly [Kind, number])[] = [
  ["create", 2],
  ["send", 12],
  ["edit", 4],
  ["delete", 3],
  ["attach", 6],
  ["read", 8],
  ["add", 4],
  ["remove", 2],
  ["leave", 1],
  ["role", 2],
  ["rename", 2],
  ["end", 1],
];

interface Step {
  readonly kind: Kind;
  readonly who: number;
  readonly whom: number;
  readonly pick: number;
  /** A snapshot is taken at the same moment: before, in the middle or after, as it happens. */
  readonly snapshotFor: number | null;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(...kinds.map(([kind, weight]) => ({ arbitrary: fc.constant(kind), weight }))),
  who: fc.nat(PEOPLE - 1),
  whom: fc.nat(PEOPLE - 1),
  pick: fc.nat(1_000),
  snapshotFor: fc.option(fc.nat(PEOPLE - 1), { freq: 2 }),
});
const history = fc.array(step, { minLength: 40, maxLength: 80, size: "max" });

interface Person {
  readonly id: string;
  readonly token: string;
}

interface Snapshot {
  readonly person: Person;
  readonly position: string;
  readonly chats: readonly ChatSnapshot[];
}

export interface SnapshotRules {
  /** A round is one snapshot, the events behind it, and a comparison with what the GETs say afterwards. */
  readonly rounds: number;
  /** Where the log is of services that run apart; absent: of one process, in PostgreSQL. */
  readonly logApart?: LogKind;
}

/** What holds wherever the log is, for random histories. */
export function snapshotRules({ rounds: wanted, ...options }: SnapshotRules): void {
  describe(`a snapshot and the events behind its position, with the log in ${options.logApart ?? "the same process"}`, () => {
    it(`make what a fresh snapshot shows, for every history and every moment, in ${wanted} rounds`, () =>
      withChat(async (stack) => {
        let rounds = 0;
        const seed = Date.now();
        for (let run = 0; rounds < wanted; run += 1) {
          const [steps = []] = fc.sample(history, { numRuns: 1, seed: seed + run });
          rounds += await playRounds(stack, steps).catch((error: unknown) => {
            throw new Error(`seed ${seed + run}: ${String(error)}`, { cause: error });
          });
        }
        expect(rounds).toBeGreaterThanOrEqual(wanted);
      }, options));
  });
}

/** Plays a history while snapshots are taken; says how many were compared in the end. */
async function playRounds(stack: ChatStack, steps: readonly Step[]): Promise<number> {
  const people: readonly Person[] = await stack.people(PEOPLE);
  const chatIds: string[] = [];
  const snapshots: Snapshot[] = [];
  for (const { snapshotFor, ...step } of steps) {
    const person = snapshotFor === null ? undefined : people[snapshotFor];
    const taken = person === undefined ? null : takeSnapshot(stack, person);
    await play(stack, people, chatIds, step);
    if (taken !== null) snapshots.push(await taken);
  }

  const fresh = await Promise.all(people.map((person) => takeSnapshot(stack, person)));
  const expected = new Map(fresh.map((snapshot) => [snapshot.person.id, foldOf(snapshot)]));
  const instance = await stack.freshRealtime();
  try {
    await Promise.all(
      snapshots.map((snapshot, index) =>
        compare(
          snapshot,
          index % 2 === 0 ? stack.port : instance.port,
          `round-${index}`,
          expected.get(snapshot.person.id),
        ),
      ),
    );
  } finally {
    await instance.stop();
  }
  return snapshots.length;
}

async function compare(
  snapshot: Snapshot,
  port: number,
  device: string,
  expected: FoldedChats | undefined,
): Promise<void> {
  const query = `token=${snapshot.person.token}&device=${device}&cursor=${snapshot.position}`;
  // An instance that has not got as far as this position within some seconds says so, and one comes back.
  const client = await eventually(() => openSocket(`ws://127.0.0.1:${port}/ws?${query}`), wide);
  try {
    await eventually(() => {
      const folded = foldOf(snapshot);
      for (const frame of client.events()) folded.apply(frame);
      const known = folded.known() as object[];
      // Of a chat that one was let into, only its being there and its title are known without a GET.
      const shown = (expected?.known() as object[]).map((chat, index) =>
        "messages" in (known[index] ?? {})
          ? chat
          : { ...chat, members: undefined, messages: undefined, unread: undefined },
      );
      expect(known).toEqual(shown);
    }, wide);
  } finally {
    client.ws.close();
  }
}

function foldOf({ person, chats }: Snapshot): FoldedChats {
  const folded = createFoldedChats(person.id);
  for (const chat of chats) folded.take(chat);
  return folded;
}

/** As a client takes one: its position is that of the first answer, what the later ones know beyond comes again. */
async function takeSnapshot(stack: ChatStack, person: Person): Promise<Snapshot> {
  const list = await call(stack, person, "GET", "/chats");
  const chats: ChatSnapshot[] = [];
  for (const chat of list.json as ChatSnapshot["chat"][]) {
    const [members, messages] = await Promise.all([
      call(stack, person, "GET", `/chats/${chat.id}/members`),
      call(stack, person, "GET", `/chats/${chat.id}/messages`),
    ]);
    // He may have gone meanwhile; then an event says so.
    if (members.status !== 200 || messages.status !== 200) continue;
    chats.push({
      chat,
      members: members.json as ChatSnapshot["members"],
      messages: messages.json as ChatSnapshot["messages"],
    });
  }
  return { person, position: list.position, chats };
}

/** Sends the command, whatever comes of it: what one may not do changes nothing. */
async function play(
  stack: ChatStack,
  people: readonly Person[],
  chatIds: string[],
  { kind, who, whom, pick }: Omit<Step, "snapshotFor">,
): Promise<void> {
  const actor = people[who];
  const other = people[whom];
  const chatId = chatIds[pick % Math.max(1, chatIds.length)];
  if (actor === undefined || other === undefined) return;
  const send = (method: string, path: string, body?: object) => call(stack, actor, method, path, body);
  if (chatId === undefined || (kind === "create" && chatIds.length < MAX_CHATS)) {
    const { json } = await send("POST", "/chats", { name: `chat ${pick}`, member_ids: [other.id] });
    chatIds.push((json as { id: string }).id);
    return;
  }
  const chat = `/chats/${chatId}`;
  const message = `/messages/${chatId}.${(pick % 8) + 1}`;
  switch (kind) {
    case "create":
    case "send":
      await send("POST", `${chat}/messages`, { text: `text ${pick}` });
      return;
    case "edit":
      await send("PUT", message, { text: `edited ${pick}` });
      return;
    case "delete":
      await send("DELETE", message);
      return;
    case "attach":
      await send("POST", `${message}/files`, formOf([`${pick}.txt`, `file ${pick}`]));
      return;
    case "read":
      await send("POST", `${chat}/read`, { up_to: pick % 3 === 0 ? 1_000 : pick % 8 });
      return;
    case "add":
      await send("POST", `${chat}/members`, { user_ids: [other.id] });
      return;
    case "remove":
      await send("DELETE", `${chat}/members/${other.id}`);
      return;
    case "leave":
      await send("POST", `${chat}/leave`, {});
      return;
    case "role":
      await send("PUT", `${chat}/members/${other.id}/role`, { role: pick % 2 === 0 ? "admin" : "member" });
      return;
    case "rename":
      await send("PATCH", chat, pick % 2 === 0 ? { name: `renamed ${pick}` } : { description: `about ${pick}` });
      return;
    case "end":
      await send("DELETE", chat);
      chatIds.splice(chatIds.indexOf(chatId), 1);
      return;
    default:
      kind satisfies never;
  }
}

/** Asks again as long as it is refused for a moment: what happened twice is a history too. */
async function call(stack: ChatStack, person: Person, method: string, path: string, body?: object) {
  const answer = await eventually(() => ask(stack, person, method, path, body), wide);
  if (answer.status >= 500) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.json)}`);
  return answer;
}

async function ask(stack: ChatStack, person: Person, method: string, path: string, body?: object) {
  const isJson = body !== undefined && !(body instanceof FormData);
  const response = await fetch(`${stack.origin}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${person.token}`,
      ...(isJson ? { "content-type": "application/json" } : {}),
    },
    ...(isJson ? { body: JSON.stringify(body) } : {}),
    ...(body instanceof FormData ? { body } : {}),
  });
  const text = await response.text();
  const json: unknown = text === "" ? null : JSON.parse(text);
  if (response.status === 503) throw new Error(`${method} ${path}: ${JSON.stringify(json)}`);
  return { status: response.status, position: response.headers.get("chat-position") ?? "", json };
}
