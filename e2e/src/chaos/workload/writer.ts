import { setTimeout as pause } from "node:timers/promises";
import type { Call, Place } from "../history.ts";
import { attempt as attemptCall, type HttpCall, type Outcome } from "./http-call.ts";
import { sendBySocket } from "./socket-send.ts";
import { formOf } from "./small-files.ts";
import type { Person, Room, Sizes, World } from "./world.ts";

/** Between two attempts at one thing. */
const RETRY_MS = 150;
/** One who was told that nothing was done lets it be, once in so many times: then it must never be seen. */
const GIVES_UP_ONE_IN = 4;
/** Who may let guests in and remove them does so once in so many calls: few may, and much is to be seen of it. */
const CHANGES_GUESTS_ONE_IN = 4;
/** Of the messages, as many go by a socket; the others by HTTP. */
const BY_SOCKET_ONE_IN = 4;
const PAGE = 20;
/** Fewer than a message may have, so that none is refused for that. */
const MAX_FILES_OF_MESSAGE = 3;

export interface Writer {
  /** Until `over`; what is on its way is brought to an end, unless the world is stopped. Rejects only for a bug of its own. */
  write(over: AbortSignal): Promise<void>;
}

interface Sent {
  readonly room: Room;
  readonly key: string;
  readonly id: string;
  edits: number;
  files: number;
}

interface Asked {
  readonly call: Call;
  attempt(): Promise<Outcome>;
}

type Habits = Pick<Sizes, "restMs" | "attachPercent">;

/** Somebody who does one thing after the other, each until he knows what became of it. */
export function createWriter(person: Person, rooms: readonly Room[], habits: Habits, world: World): Writer {
  const { restMs, attachPercent } = habits;
  const { chance, note, addresses, stopped } = world;
  const letsGuestsIn = rooms.some(({ owner, guests }) => owner === person && guests.length > 0);
  /** What he may edit and delete. */
  const sent: Sent[] = [];
  let written = 0;

  const http = (call: HttpCall): Promise<Outcome> => attemptCall({ ...call, token: person.token });

  async function send(): Promise<void> {
    const room = chance.pick(rooms);
    written += 1;
    const key = `${person.name}-${written}`;
    const text = `${key} says something`;
    const body = { text, client_message_id: key };
    const { token } = person;
    const bySocket = chance.oneIn(BY_SOCKET_ONE_IN);
    const answer = await settle(
      () => ({
        call: { f: "send", chat: room.id, key, text },
        attempt: () =>
          bySocket
            ? sendBySocket({ url: addresses.sockets(), token, chat: room.id, text, key, note })
            : http({ method: "POST", url: `${addresses.commands()}/api/chats/${room.id}/messages`, body }),
      }),
      "may be left in doubt",
    );
    const message = answer?.body as { id?: unknown } | undefined;
    if (typeof message?.id === "string") sent.push({ room, key, id: message.id, edits: 0, files: 0 });
  }

  async function edit(): Promise<void> {
    const message = chance.pick(sent);
    message.edits += 1;
    const text = `${message.key} edited ${message.edits}`;
    await settle(() => ({
      call: { f: "edit", chat: message.room.id, key: message.key, text },
      attempt: () =>
        http({
          method: "PUT",
          url: `${addresses.commands()}/api/messages/${message.id}`,
          body: { text },
          key: `${message.key}-edit-${message.edits}`,
        }),
    }));
  }

  async function attach(): Promise<void> {
    const message = chance.pick(sent);
    if (message.files === MAX_FILES_OF_MESSAGE) return;
    message.files += 1;
    const file = `${message.key}-file-${message.files}`;
    await settle(() => ({
      call: { f: "attach", chat: message.room.id, key: message.key, file },
      attempt: () =>
        http({
          method: "POST",
          url: `${addresses.commands()}/api/messages/${message.id}/files`,
          body: formOf(file),
          key: file,
        }),
    }));
  }

  async function remove(): Promise<void> {
    const [message] = sent.splice(chance.below(sent.length), 1);
    if (message === undefined) return;
    await settle(() => ({
      call: { f: "delete", chat: message.room.id, key: message.key },
      attempt: () =>
        http({
          method: "DELETE",
          url: `${addresses.commands()}/api/messages/${message.id}`,
          key: `${message.key}-delete`,
        }),
    }));
  }

  async function read(): Promise<void> {
    const room = chance.pick(rooms);
    await settle(() => ({
      call: { f: "read", chat: room.id },
      attempt: () => http({ method: "POST", url: `${addresses.commands()}/api/chats/${room.id}/read`, body: {} }),
    }));
  }

  async function look(): Promise<void> {
    const room = chance.pick(rooms);
    await settle(() => ({
      call: { f: "get", chat: room.id },
      attempt: () => http({ method: "GET", url: `${addresses.queries()}/api/chats/${room.id}/messages?limit=${PAGE}` }),
    }));
  }

  async function changeGuests(): Promise<void> {
    const own = rooms.filter(({ owner, guests }) => owner === person && guests.length > 0);
    if (own.length === 0) return;
    const room = chance.pick(own);
    const guest = chance.pick(room.guests);
    const f = chance.oneIn(2) ? "add" : "remove";
    written += 1;
    const key = `${person.name}-${f}-${written}`;
    const members = (): string => `${addresses.commands()}/api/chats/${room.id}/members`;
    await settle(() => ({
      call: { f, chat: room.id, user: guest.id },
      attempt: () =>
        f === "add"
          ? http({ method: "POST", url: members(), body: { user_id: guest.id }, key })
          : http({ method: "DELETE", url: `${members()}/${guest.id}`, key }),
    }));
  }

  /** Repeats until it is known what became of it, and returns the answer if it was done. */
  async function settle(ask: () => Asked, doubt?: "may be left in doubt") {
    let everUnknown = false;
    for (;;) {
      const { call, attempt } = ask();
      const op = world.nextNumber();
      note({ type: "invoke", op, process: person.id, call });
      const outcome = await attempt();
      if (outcome.type === "ok") {
        note({ type: "ok", op, ...answered(call, outcome) });
        return outcome;
      }
      note({ type: outcome.type, op, why: outcome.why });
      if (isRefusal(call, outcome)) return null;
      if (!mayHappen(outcome)) note({ type: "unexpected", what: `${call.f} was answered ${outcome.why}` });
      if (call.f === "get") return null;
      everUnknown ||= outcome.type === "info";
      const mayGiveUp = outcome.type === "fail" && (!everUnknown || doubt !== undefined);
      if ((mayGiveUp && chance.oneIn(GIVES_UP_ONE_IN)) || stopped.aborted) return null;
      await pause(RETRY_MS);
    }
  }

  /** Who is removed, or is not let in yet, finds nothing; and of removing who is not in nothing comes. */
  function isRefusal(call: Call, outcome: Outcome): boolean {
    const guest = rooms.some(({ id, guests }) => id === call.chat && guests.includes(person));
    return outcome.type === "fail" && outcome.status === 404 && (guest || call.f === "remove");
  }

  return {
    async write(over) {
      while (!over.aborted) {
        const dice = chance.below(100);
        if (letsGuestsIn && chance.oneIn(CHANGES_GUESTS_ONE_IN)) await changeGuests();
        else if (sent.length > 0 && chance.below(100) < attachPercent) await attach();
        else if (dice < 60 || sent.length === 0) await send();
        else if (dice < 68) await edit();
        else if (dice < 72) await remove();
        else if (dice < 84) await read();
        else await look();
        await pause(chance.below(restMs));
      }
    },
  };
}

function mayHappen({ type, ...rest }: Outcome): boolean {
  if (type === "ok" || !("status" in rest)) return true;
  return rest.status === null || rest.status === 503 || rest.status === 429;
}

function answered(call: Call, { body, headers }: Outcome & { type: "ok" }) {
  switch (call.f) {
    case "send":
      return { seq: (body as { seq: number }).seq };
    case "read":
      return { upTo: (body as { read_up_to: number }).read_up_to };
    case "get":
      return { page: placesOf(body as readonly HistoryMessage[]), stale: headers.get("chat-stale") !== null };
    case "edit":
    case "attach":
    case "delete":
    case "add":
    case "remove":
      return {};
    default:
      return call satisfies never;
  }
}

export interface HistoryMessage {
  readonly seq: number;
  readonly client_message_id: string | null;
  readonly text: string;
  readonly sender_id: string;
  readonly deleted: boolean;
  readonly read_count: number;
  readonly files: readonly { readonly name: string; readonly url: string }[];
}

/** The name that its sender gave it; where that was lost, its text still begins with it. */
export function keyOf({ client_message_id: key, text }: Pick<HistoryMessage, "client_message_id" | "text">): string {
  return key ?? text.split(" ")[0] ?? "";
}

function placesOf(messages: readonly HistoryMessage[]): readonly Place[] {
  return messages.map((message): Place => [message.seq, keyOf(message)]);
}
