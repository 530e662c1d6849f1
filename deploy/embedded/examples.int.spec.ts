import { readFile } from "node:fs/promises";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { withChat } from "./testing/with-chat.ts";

interface Media {
  readonly example?: Record<string, string>;
  readonly examples?: Readonly<Record<string, { readonly value: Record<string, string> }>>;
}

interface Described {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly requestBody?: { readonly content: Record<string, Media> } }>>>
  >;
}

const file = new URL("../../docs/openapi.yaml", import.meta.url);

describe("the first example of a body", () => {
  it("is accepted as it stands wherever it needs no id of one's own", () =>
    withChat(async (stack) => {
      const { paths } = parse(await readFile(file, "utf8")) as Described;
      const ids = { chat_id: "", message_id: "" };
      let token = "";

      async function send(call: string): Promise<Record<string, unknown>> {
        const [method = "", path = ""] = call.split(" ");
        const [type = "", media] =
          Object.entries(paths[path]?.[method.toLowerCase()]?.requestBody?.content ?? {})[0] ?? [];
        const example = media?.example ?? Object.values(media?.examples ?? {})[0]?.value;
        const body = type.endsWith("json") ? JSON.stringify(example) : new URLSearchParams(example).toString();
        const place = path.replace(/\{(chat_id|message_id)\}/, (_, name: keyof typeof ids) => ids[name]);
        const headers = { "Content-Type": type, ...(token === "" ? {} : { Authorization: `Bearer ${token}` }) };
        const answer = await fetch(`${stack.origin}/api${place}`, { method, headers, body });
        const text = await answer.text();
        expect(`${call} ${answer.status} ${text}`).toMatch(/^\S+ \S+ 20[0-9] /);
        return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
      }

      await send("POST /auth/register");
      await send("POST /token");
      token = String((await send("POST /auth/login"))["access_token"]);
      await send("PATCH /users/me");
      ids.chat_id = String((await send("POST /chats"))["id"]);
      await send("PATCH /chats/{chat_id}");
      ids.message_id = String((await send("POST /chats/{chat_id}/messages"))["id"]);
      await send("POST /chats/{chat_id}/messages");
      await send("PUT /messages/{message_id}");
      await send("POST /chats/{chat_id}/read");
      await send("POST /auth/password");
    }));
});
