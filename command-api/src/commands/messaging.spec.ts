import { expect, it } from "@jest/globals";
import type { UserId } from "@chat/shared/ids";
import { createMessaging, createSocketCommands } from "./messaging.ts";

const here = "0198c0de-0000-7000-8000-000000000001";
const elsewhere = "0198c0de-0000-7000-8000-000000000002.1";

it("says by its own name which field of a frame names a message of another chat, and does nothing", async () => {
  const commands = createSocketCommands(
    createMessaging({ execute: () => Promise.reject(new Error("nothing is to be executed")) }),
  );
  const caller = { userId: "1" as UserId, sessionId: "2" };
  const send = { type: "SendMessage", chatId: here, text: "hi", clientMessageId: null, replyTo: elsewhere } as const;
  const read = { type: "MarkRead", chatId: here, upTo: null, messageId: elsewhere } as const;
  await expect(commands(caller, send)).rejects.toMatchObject({ errors: [{ pointer: "/reply_to" }] });
  await expect(commands(caller, read)).rejects.toMatchObject({ errors: [{ pointer: "/message_id" }] });
});
