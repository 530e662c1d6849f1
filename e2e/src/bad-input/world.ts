import { createHmac } from "node:crypto";
import type { Chat, Message } from "../harness/api.ts";
import { register, type Address, type User } from "../harness/user.ts";

/** So that tokens can be signed here that were never given out. */
export const secret = "a secret that the spec knows, and nobody else";

/** Who and what there is when bad input comes. */
export interface World {
  readonly alice: User;
  readonly bob: User;
  /** A group of Bob's, with Alice as a plain member. */
  readonly group: string;
  /** Sent by Bob into the group. */
  readonly message: string;
  /** Alice and Bob, alone. */
  readonly pair: string;
  /** A chat that Alice is not in, and a message in it. */
  readonly foreign: string;
  readonly foreignMessage: string;
  /** The id of no chat. */
  readonly nowhere: string;
}

export async function makeWorld(address: Address): Promise<World> {
  const [alice, bob] = [await register(address, "Alice"), await register(address, "Bob")];
  const group = await bob.post<Chat>("/chats", { name: "group", member_ids: [alice.id] });
  const foreign = await bob.post<Chat>("/chats", { name: "foreign" });
  const pair = await bob.post<Chat>("/chats", { user2_id: alice.id });
  const send = (id: string) => bob.post<Message>(`/chats/${id}/messages`, { text: "hello", client_message_id: "m-1" });
  return {
    alice,
    bob,
    group: group.body.id,
    message: (await send(group.body.id)).body.id,
    pair: pair.body.id,
    foreign: foreign.body.id,
    foreignMessage: (await send(foreign.body.id)).body.id,
    nowhere: crypto.randomUUID(),
  };
}

export interface Forgery {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: string;
  readonly hash?: "sha256" | "sha512";
}

/** A token like a given one, with other words in it, and signed. */
export function forge(token: string, { header = {}, claims = {}, key = secret, hash = "sha256" }: Forgery): string {
  const [head, body] = token
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString()) as object);
  const parts = [
    { ...head, ...header },
    { ...body, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signed = parts.join(".");
  return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}
