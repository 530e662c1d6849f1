import { beforeAll, describe, expect, it } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import type { Account, Chat, Message } from "./harness/api.ts";
import { createChance } from "./harness/chance.ts";
import { runClientSamples } from "./harness/client-samples.ts";
import { connected, knownOf, openChat, startClient } from "./harness/client.ts";
import { startCuttingProxy } from "./harness/cutting-proxy.ts";
import { useChat } from "./harness/embedded-chat.ts";
import { wholeHistory } from "./harness/pages.ts";
import { register, stranger, type User, userWith } from "./harness/user.ts";

const SEED = 20_261;
/** Some cuts fall into a handshake, some into an answer, some into the middle of a frame. */
const CUT_WITHIN_BYTES = 12_000;
const STEPS = 250;
const UNTIL_QUIET = { within: 60_000 };

describe("the client", () => {
  const chat = useChat();
  let alice: User;
  let bob: User;
  let carol: User;

  beforeAll(async () => {
    alice = await register(chat.url, "Alice");
    bob = await register(chat.url, "Bob");
    carol = await register(chat.url, "Carol");
  });

  const groupOf = async (owner: User, ...others: readonly User[]): Promise<string> =>
    (await owner.post<Chat>("/api/chats", { name: "the team", member_ids: others.map(({ id }) => id) })).body.id;

  it("knows after any number of cuts what a new client learns, and sends each message once and in order, with its files", async () => {
    const chance = createChance(SEED);
    await using network = await startCuttingProxy(chat.url, chance);
    const chatId = await groupOf(alice, bob);
    await using one = startClient(network.url, alice);
    await using other = startClient(network.url, bob);
    // Comes and goes, and looks at the chat whenever it likes.
    await using guest = startClient(network.url, carol);
    await Promise.all([openChat(one, chatId), openChat(other, chatId)]);

    network.cutWithin(CUT_WITHIN_BYTES);
    const written = { one: [] as string[], other: [] as string[] };
    for (let step = 0; step < STEPS; step += 1) {
      const { lastSeq } = one.state().chats.get(chatId) ?? { lastSeq: 0 };
      const seq = 1 + chance.below(Math.max(1, lastSeq));
      const steps: readonly (() => unknown)[] = [
        () => written.one.push(one.send(chatId, `alice says ${step}`)),
        () => written.other.push(other.send(chatId, `bob says ${step}`)),
        () => written.one.push(one.send(chatId, "two files", { files: [fileOf("one", step), fileOf("two", step)] })),
        () => one.markRead(chatId, seq),
        () => other.markRead(chatId, seq),
        () => alice.put(`/api/messages/${chatId}.${seq}`, { text: `edited at ${step}` }),
        () => alice.delete(`/api/messages/${chatId}.${seq}`),
        () => bob.delete(`/api/messages/${chatId}.${seq}`),
        () => alice.patch(`/api/chats/${chatId}`, { title: `title ${step}` }),
        () => alice.post(`/api/chats/${chatId}/members`, { user_id: carol.id }),
        () => alice.delete(`/api/chats/${chatId}/members/${carol.id}`),
        () => carol.post(`/api/chats/${chatId}/messages`, { text: `carol says ${step}` }),
        () => carol.post(`/api/chats/${chatId}/read`),
        () => void guest.open(chatId),
      ];
      await chance.pick(steps)();
      if (chance.oneIn(25)) network.cutAll();
    }
    network.cutWithin(undefined);
    await alice.post(`/api/chats/${chatId}/members`, { user_id: carol.id });
    await eventually(() => {
      expect([...one.state().outgoing, ...other.state().outgoing]).toEqual([]);
      // A message may be deleted before its files are there.
      const refused = { status: "refused", problem: { code: "message_deleted" } };
      expect(one.state().uploads).toMatchObject(one.state().uploads.map(() => refused));
    }, UNTIL_QUIET);

    for (const [client, user, ids] of [
      [one, alice, written.one],
      [other, bob, written.other],
      [guest, carol, null],
    ] as const) {
      await using fresh = startClient(await chat.url(), user);
      await openChat(fresh, chatId);
      await eventually(() => {
        const from = Math.max(...[client, fresh].map(({ state }) => state().chats.get(chatId)?.messages[0]?.seq ?? 1));
        expect(knownOf(client, chatId, from)).toEqual(knownOf(fresh, chatId, from));
      }, UNTIL_QUIET);
      const history = await wholeHistory(user, chatId);
      const mine = history
        .filter(({ sender_id: sender }) => sender === user.id)
        .map((message) => message.client_message_id);
      expect(mine).toEqual(ids ?? mine);
      const withFiles = history.filter(({ text, deleted }) => text === "two files" && !deleted);
      expect(withFiles.length).toBeGreaterThan(0);
      expect(withFiles.map(({ files }) => files.map(({ name }) => name))).toEqual(withFiles.map(() => ["one", "two"]));
      expect(client.heard("hole")).toEqual([]);
      expect(client.heard("refused")).toEqual([]);
    }
    expect(network.cuts()).toBeGreaterThan(10);
    expect(one.heard("disconnected").length).toBeGreaterThan(3);
  });

  it("goes on sending over a crash of the chat, and shows what is on its way", async () => {
    await using network = await startCuttingProxy(chat.url, createChance(SEED));
    const chatId = await groupOf(alice, bob);
    await using client = startClient(network.url, alice);
    await openChat(client, chatId);
    const ids = Array.from({ length: 10 }, (_, index) => client.send(chatId, `before ${index}`));
    await chat.kill("process");
    ids.push(...Array.from({ length: 10 }, (_, index) => client.send(chatId, `while it is gone ${index}`)));
    expect(client.state().outgoing.at(-1)).toMatchObject({ status: "sending", text: "while it is gone 9" });
    await chat.start();
    await eventually(() => expect(client.state().outgoing).toEqual([]), UNTIL_QUIET);
    const history = await wholeHistory(alice, chatId);
    expect(history.map((message) => message.client_message_id)).toEqual(ids);
    await eventually(() =>
      expect(
        client
          .state()
          .chats.get(chatId)
          ?.messages.map((message) => message.client_message_id),
      ).toEqual(ids),
    );
    expect(client.heard("hole")).toEqual([]);
  });

  it("tells what is unread and what all have read, and counts who has", async () => {
    const chatId = await groupOf(alice, bob, carol);
    await using author = startClient(await chat.url(), alice);
    await using reader = startClient(await chat.url(), bob);
    await Promise.all([openChat(author, chatId), openChat(reader, chatId)]);
    author.send(chatId, "hello");
    await eventually(() => expect(knownOf(reader, chatId)).toMatchObject({ unread: 1, lastSeq: 1 }));
    reader.markRead(chatId);
    await eventually(() => expect(knownOf(reader, chatId)).toMatchObject({ unread: 0, readUpTo: 1 }));
    await carol.post(`/api/chats/${chatId}/read`);
    await eventually(() => expect(knownOf(author, chatId)).toMatchObject({ messages: [{ isRead: true }] }));
  });

  it("learns of chats that it is let into, whole, and forgets those that it is removed from", async () => {
    const chatId = await groupOf(alice, carol);
    await alice.post<Message>(`/api/chats/${chatId}/messages`, { text: "before bob" });
    await using client = startClient(await chat.url(), bob);
    await connected(client);
    await alice.post(`/api/chats/${chatId}/members`, { user_id: bob.id });
    await alice.post(`/api/chats/${chatId}/messages`, { text: "hello bob" });
    await eventually(() =>
      expect(knownOf(client, chatId)).toMatchObject({
        myRole: "member",
        unread: 1,
        messages: [{ text: "before bob" }, { text: "hello bob" }],
      }),
    );
    await alice.delete(`/api/chats/${chatId}/members/${bob.id}`);
    await eventually(() => expect(client.state().chats.has(chatId)).toBe(false));
    expect(client.heard("hole")).toEqual([]);
  });

  it("finds no hole where it was removed while it was stopped, nor where it was removed and let in again", async () => {
    const chatId = await groupOf(alice, bob);
    await using client = startClient(await chat.url(), bob);
    await openChat(client, chatId);
    const say = (text: string) => alice.post(`/api/chats/${chatId}/messages`, { text });
    const members = `/api/chats/${chatId}/members`;
    await client.stop();
    await say("before he went");
    await alice.delete(`${members}/${bob.id}`);
    client.start();
    await client.open(chatId);
    await eventually(() => expect(client.state().chats.has(chatId)).toBe(false), UNTIL_QUIET);
    await alice.post(members, { user_id: bob.id });
    await eventually(() => expect(knownOf(client, chatId)?.lastSeq).toBe(1), UNTIL_QUIET);
    await client.stop();
    await say("he is still there");
    await alice.delete(`${members}/${bob.id}`);
    await say("he is not there");
    await alice.post(members, { user_id: bob.id });
    await say("he is back");
    client.send(chatId, "written while it was stopped");
    client.start();
    await client.open(chatId);
    await eventually(() => expect(knownOf(client, chatId)?.lastSeq).toBe(5), UNTIL_QUIET);
    await using fresh = startClient(await chat.url(), bob);
    await openChat(fresh, chatId);
    await eventually(() => expect(knownOf(client, chatId)).toEqual(knownOf(fresh, chatId)), UNTIL_QUIET);
    expect(client.heard("hole")).toEqual([]);
  });

  it("does what its page says, sample after sample", async () => {
    const anybody = stranger(chat.url);
    const enter = async (name: string) => {
      const email = `${name.toLowerCase()}@example.com`;
      const { body } = await anybody.post<Account>("/api/auth/register", { email, password: "password123", name });
      return userWith(chat.url, { id: body.id, name, email, token: body.access_token });
    };
    const reader = await enter("Alice");
    const partner = await enter("Bob");
    const made = await partner.post<Chat>("/api/chats", {
      chat_type: "group",
      name: "a walk",
      member_ids: [reader.id],
    });
    await partner.post(`/api/chats/${made.body.id}/messages`, { text: "When do we start?" });
    expect((await runClientSamples(await chat.url())).trim().split("\n")).toEqual([
      "a walk: 1 unread",
      "2 members, last said: When do we start?",
      "Hello from a program: sending",
      "the stream has brought it: Hello from a program",
      "Boots, a map, bread.",
      "stopped",
    ]);
    const history = await wholeHistory(partner, made.body.id);
    expect(history.map(({ text }) => text)).toEqual(["When do we start?", "Hello from a program", "What to bring"]);
  });

  it("can be written by anybody: its calls and frames are described at the chat itself", async () => {
    const [calls, frames] = await Promise.all(
      ["/openapi.json", "/api/asyncapi.json"].map(async (path): Promise<unknown> =>
        (await fetch(`${await chat.url()}${path}`)).json(),
      ),
    );
    expect(calls).toMatchObject({ openapi: "3.1.0", paths: { "/chats/{chat_id}/messages": {} } });
    expect(frames).toMatchObject({ asyncapi: "3.0.0", components: { messages: { told_new_message: {} } } });
  });

  it("stops at a refusal and says which", async () => {
    const chatId = await groupOf(alice, carol);
    await using client = startClient(await chat.url(), bob);
    await connected(client);
    const id = client.send(chatId, "let me in");
    await eventually(() => expect(client.heard("refused")).toHaveLength(1));
    expect(client.heard("refused")[0]?.message).toMatchObject({
      clientMessageId: id,
      status: "refused",
      problem: { code: "not_found", status: 404 },
    });
    client.discard(id);
    expect(client.state().outgoing).toEqual([]);
  });

  it("asks for another token when one is refused, and stops when there is none", async () => {
    const asked: string[] = [];
    const renewing = {
      token: () => "outdated",
      renew(refused: string) {
        asked.push(refused);
        return Promise.resolve(alice.token);
      },
    };
    await using client = startClient(await chat.url(), alice, { credentials: renewing });
    await connected(client);
    expect(asked).toEqual(["outdated"]);
    await using stranger = startClient(await chat.url(), { token: "nonsense" });
    await eventually(() => expect(stranger.heard("signed_out")).toHaveLength(1));
  });
});

const fileOf = (name: string, step: number): File => new File([`${name} of ${String(step)}`], name);
