import { describe, expect, it } from "@jest/globals";
import type { Chat, Message } from "../harness/api.ts";
import { openDialect, refusedDialect } from "../harness/dialect-socket.ts";
import { type Address, stranger } from "../harness/user.ts";
import { createCast } from "./person.ts";

const types = (frames: readonly unknown[]): unknown[] => frames.map((frame) => (frame as { type?: unknown }).type);

/** They stand beside the events; who is online is no event either. */
const control: ReadonlySet<unknown> = new Set(["ready", "cursor", "presence"]);

const events = (frames: readonly unknown[]): unknown[] => frames.filter((frame) => !control.has(types([frame])[0]));

/** Seed 002: everything by REST, and `/ws/notif` for what happens. The token stands in the query, everywhere. */
export function userStreamStory(address: Address): void {
  const cast = createCast(address);
  describe("seed 002, /ws/notif", () => {
    it("takes the token from the query in every call", async () => {
      const { alice } = await cast();
      const anybody = stranger(address);
      const token = `token=${alice.token}`;
      expect(await anybody.get(`/me?${token}`)).toMatchObject({ status: 200, body: { id: alice.id } });
      const { status, body: chat } = await anybody.post<Chat>(`/chats?${token}`, { name: "Чат" });
      expect(status).toBe(201);
      const sent = await anybody.post(`/message/?${token}`, { chat_id: chat.id, text: "Привет", unknown: 1 });
      expect(sent).toMatchObject({ status: 201, body: { text: "Привет", sender_id: alice.id } });
      expect((await anybody.get("/chats")).status).toBe(401);
      expect((await anybody.get("/chats?token=made.up")).status).toBe(401);
    });

    it.each([
      ["quiet", { quiet: "1" }],
      ["with control frames", {}],
    ] as const)("tells members what happens in their chats, and nobody else, %s", async (_how, query) => {
      const { alice, bob, carol } = await cast();
      // Devices of their own: nothing of earlier chapters was missed by them.
      const chapter = crypto.randomUUID();
      const open = (token: string, device: string) =>
        openDialect(address, "/ws/notif", { token, device: `${device} ${chapter}`, ...query });
      const [phone, laptop] = [await open(bob.token, "phone"), await open(bob.token, "laptop")];
      const carols = await open(carol.token, "phone");

      const { body: chat } = await alice.post<Chat>("/chats", { name: "Чат", member_ids: [bob.id] });
      await alice.patch(`/chats/${chat.id}`, { name: "Новое имя" });
      const { body: sent } = await alice.post<Message>(`/chats/${chat.id}/messages`, { text: "Привет из чата!" });
      for (const socket of [phone, laptop]) {
        const told = events(await socket.until({ type: "new_message" }));
        expect(told).toMatchObject([
          { type: "create_chat", payload: { id: chat.id, name: "Чат" } },
          { type: "update_chat", payload: { id: chat.id, name: "Новое имя" } },
          {
            type: "new_message",
            payload: {
              id: sent.id,
              text: "Привет из чата!",
              chat_id: chat.id,
              sender_id: alice.id,
              created_at: sent.created_at,
            },
          },
        ]);
      }
      // Carol hears of the first chat that is hers, and of nothing before.
      const { body: hers } = await carol.post<Chat>("/chats", { name: "Только я" });
      const heard = await carols.until({ type: "create_chat", payload: { id: hers.id } });
      expect(types(heard)).toEqual("quiet" in query ? ["create_chat"] : ["ready", "create_chat"]);
    });

    it("brings what was missed when a device comes back", async () => {
      const { alice, bob } = await cast();
      const { body: chat } = await alice.post<Chat>("/chats", { user2_id: bob.id });
      const device = crypto.randomUUID();
      const open = () => openDialect(address, "/ws/notif", { token: bob.token, device, quiet: "1" });
      await (await open()).close();
      for (const text of ["раз", "два"]) await alice.post(`/chats/${chat.id}/messages`, { text });
      const back = await open();
      await alice.post(`/chats/${chat.id}/messages`, { text: "три" });
      const told = events(await back.until({ payload: { text: "три" } }));
      // A new device starts where its instance is, which may not have heard of the chat by then.
      expect(told.filter((frame) => types([frame])[0] !== "create_chat")).toMatchObject([
        { payload: { text: "раз" } },
        { payload: { text: "два" } },
        { payload: { text: "три" } },
      ]);
    });

    it("is closed to who has no token, and answers a client that asks for something", async () => {
      expect(await refusedDialect(address, "/ws/notif", {})).toBe(401);
      expect(await refusedDialect(address, "/ws/notif", { token: "made.up.token" })).toBe(401);
      const { alice } = await cast();
      const socket = await openDialect(address, "/ws/notif", { token: alice.token, quiet: "1" });
      for (const bad of ["", "hello", "{}"]) {
        socket.send(bad);
        expect(events(await socket.until({ type: "error" }))).toHaveLength(1);
      }
      socket.send({ type: "ping", id: "p" });
      await socket.until({ type: "reply", id: "p", ok: true });
    });
  });
}
