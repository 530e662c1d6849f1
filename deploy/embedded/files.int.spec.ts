import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket } from "@chat/shared/testing/socket-client";
import { cutUpload, filesIn, formOf, png } from "./testing/upload-forms.ts";
import { type ChatStack, type ChatStackOptions, withChat } from "./testing/with-chat.ts";

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly json: Record<string, unknown>;
}

interface Sent {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly url: string;
}

/** Alice and Bob in a group with a message of Alice's, and Eve, who is a stranger. */
function withPeople(
  use: (world: Awaited<ReturnType<typeof settle>>) => Promise<void>,
  options: ChatStackOptions = {},
): Promise<void> {
  return withChat(async (stack) => use(await settle(stack)), options);
}

async function settle(stack: ChatStack) {
  const [alice, bob, eve] = await stack.people(3);
  if (alice === undefined || bob === undefined || eve === undefined) throw new Error("nobody is there");

  async function call(token: string, method: string, path: string, more: RequestInit = {}): Promise<Answer> {
    const headers = { Authorization: `Bearer ${token}`, ...(more.headers as Record<string, string> | undefined) };
    const answer = await fetch(`${stack.origin}/api${path}`, { method, ...more, headers });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const isJson = /json/.test(answer.headers.get("Content-Type") ?? "");
    const json = isJson && bytes.length > 0 ? (JSON.parse(bytes.toString()) as Record<string, unknown>) : {};
    return { status: answer.status, headers: answer.headers, bytes, json };
  }

  const post = (token: string, path: string, body: object) =>
    call(token, "POST", path, { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  const made = await post(alice.token, "/chats", { type: "group", name: "The team", member_ids: [bob.id] });
  const chat = String(made.json["id"]);
  const say = async (text: string) => String((await post(alice.token, `/chats/${chat}/messages`, { text })).json["id"]);
  const message = await say("look at this");

  const attach = (form: FormData, { to = message, by = alice, key = "" } = {}) =>
    call(by.token, "POST", `/messages/${to}/files`, {
      body: form,
      ...(key === "" ? {} : { headers: { "Idempotency-Key": key } }),
    });
  const get = (path: string, by = bob, headers: Record<string, string> = {}) =>
    call(by.token, "GET", path, { headers });
  const sent = ({ json }: Answer): readonly Sent[] => (json["files"] ?? []) as readonly Sent[];
  return { stack, alice, bob, eve, chat, message, say, call, attach, get, sent };
}

describe("a file of a message", () => {
  it("is told to the members, stands in the history, and is downloaded as it was uploaded", () =>
    withPeople(async ({ stack, alice, bob, eve, chat, message, attach, get, sent }) => {
      const listener = await openSocket(`ws://127.0.0.1:${stack.port}/ws?token=${bob.token}`);
      const bytes = randomBytes(1_000_000);
      const uploaded = await attach(formOf(["Отчёт за год.bin", bytes]));
      expect(uploaded).toMatchObject({
        status: 201,
        json: { name: "Отчёт за год.bin", type: "application/octet-stream", size: 1_000_000 },
      });
      const [file] = sent(uploaded);
      if (file === undefined) throw new Error("no file was answered");
      expect(uploaded.json).toEqual({ ...file, files: [file] });
      await eventually(() =>
        expect(listener.events().find(({ type }) => type === "file_attached")?.payload).toEqual({
          message_id: message,
          seq: 1,
          files: [file],
          by: alice.id,
        }),
      );
      listener.ws.terminate();

      const history: unknown = JSON.parse((await get(`/chats/${chat}/messages`)).bytes.toString());
      expect(history).toMatchObject([{ id: message, files: [file] }]);
      expect(JSON.parse((await get("/chats")).bytes.toString())).toMatchObject([{ last_message: { files: [file] } }]);

      const whole = await get(file.url);
      expect(whole.status).toBe(200);
      expect(whole.bytes.equals(bytes)).toBe(true);
      const headers = {
        "Content-Length": "1000000",
        "Content-Type": "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-cache",
        "Accept-Ranges": "bytes",
      };
      for (const [name, value] of Object.entries(headers))
        expect([name, whole.headers.get(name)]).toEqual([name, value]);
      expect(whole.headers.get("Content-Disposition")).toMatch(/^attachment; filename=".+"; filename\*=UTF-8''%D0%9E/);
      expect((await get(file.url, eve)).status).toBe(404);
      expect((await fetch(`${stack.origin}/api${file.url}`)).status).toBe(401);
    }));

  it("is got in parts, and not again by whoever has it", () =>
    withPeople(async ({ bob, call, attach, get, sent }) => {
      const bytes = randomBytes(10_000);
      const url = sent(await attach(formOf(["a.bin", bytes])))[0]?.url ?? "";
      const part = await get(url, bob, { Range: "bytes=100-199" });
      expect(part).toMatchObject({ status: 206, bytes: bytes.subarray(100, 200) });
      expect(part.headers.get("Content-Range")).toBe("bytes 100-199/10000");
      expect((await get(url, bob, { Range: "bytes=-10" })).bytes).toEqual(bytes.subarray(-10));
      expect(await get(url, bob, { Range: "bytes=-20000" })).toMatchObject({ status: 206, bytes });
      expect((await get(url, bob, { Range: "bytes=9990-" })).bytes).toEqual(bytes.subarray(9_990));
      const beyond = await get(url, bob, { Range: "bytes=10000-" });
      expect(beyond).toMatchObject({ status: 416, json: { code: "range_not_satisfiable" } });
      expect(beyond.headers.get("Content-Range")).toBe("bytes */10000");
      for (const odd of ["bytes=5-2", "lines=1-2", "bytes=0-1,5-6"]) {
        expect(await get(url, bob, { Range: odd })).toMatchObject({ status: 200, bytes });
      }

      const etag = part.headers.get("ETag") ?? "";
      expect(await get(url, bob, { "If-None-Match": etag })).toMatchObject({ status: 304, bytes: Buffer.alloc(0) });
      expect((await get(url, bob, { "If-None-Match": '"another"' })).status).toBe(200);
      expect((await get(url, bob, { Range: "bytes=0-9", "If-Range": etag })).status).toBe(206);
      expect((await get(url, bob, { Range: "bytes=0-9", "If-Range": '"another"' })).status).toBe(200);
      for (const headers of [{}, { Range: "bytes=0-9" }, { Range: "bytes=10000-" }]) {
        const head = await call(bob.token, "HEAD", url, { headers });
        expect(head).toMatchObject({ status: 200, bytes: Buffer.alloc(0) });
        expect(head.headers.get("Content-Length")).toBe("10000");
        expect(head.headers.get("Content-Range")).toBeNull();
      }
    }));

  it("is shown where that is safe and somebody asks for it, and never where it could run", () =>
    withPeople(async ({ attach, get, sent }) => {
      const svg = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
      const html = "<!doctype html><script>alert(1)</script>";
      const files = sent(
        await attach(
          formOf(["a.png", png], ["b.svg", svg], ["c.html", html], ["d.pdf", "%PDF-1.7\n%%EOF"], ["e.png", html]),
        ),
      );
      const shown = await Promise.all(
        files.map(async ({ url }) => {
          const { headers } = await get(`${url}?inline=1`);
          return [headers.get("Content-Type"), headers.get("Content-Disposition")?.split(";")[0]];
        }),
      );
      expect(shown).toEqual([
        ["image/png", "inline"],
        ["application/xml", "attachment"],
        ["text/plain; charset=utf-8", "attachment"],
        ["application/pdf", "inline"],
        ["text/plain; charset=utf-8", "attachment"],
      ]);
      expect((await get(files[0]?.url ?? "")).headers.get("Content-Disposition")).toBe('attachment; filename="a.png"');
    }));

  it("is gone for who has left, and for all when its message is deleted", () =>
    withPeople(async ({ alice, bob, chat, message, call, attach, get, sent }) => {
      const url = sent(await attach(formOf(["a.png", png])))[0]?.url ?? "";
      await call(alice.token, "DELETE", `/chats/${chat}/members/${bob.id}`);
      expect((await get(url, bob)).status).toBe(404);
      expect((await get(url, alice)).status).toBe(200);
      const left = await call(alice.token, "DELETE", `/messages/${message}`);
      expect(left.json).toMatchObject({ deleted: true, files: [] });
      expect((await get(url, alice)).status).toBe(404);
      expect(await attach(formOf(["b.png", png]))).toMatchObject({ status: 409, json: { code: "message_deleted" } });
    }));

  it("sent again under the same key is the file of then, and is stored once", () =>
    withPeople(async ({ stack, attach, sent }) => {
      const first = await attach(formOf(["a.png", png], ["b.txt", "hello"]), { key: "k-1" });
      const again = await attach(formOf(["a.png", png], ["b.txt", "hello"]), { key: "k-1" });
      expect([first.status, again.status]).toEqual([201, 200]);
      expect(sent(again)).toEqual(sent(first));
      const other = await attach(formOf(["a.png", png], ["b.txt", "hallo"]), { key: "k-1" });
      expect(other).toMatchObject({ status: 409, json: { code: "idempotency_conflict" } });
      expect(await filesIn(stack.filesFolder)).toHaveLength(2);
      const { rows } = await stack.pool.query("SELECT bytes, files FROM files.usage");
      expect(rows).toEqual([{ bytes: png.length + 5, files: 2 }]);
    }));
});

describe("an upload that is refused", () => {
  it("leaves nothing, and says what is wrong with it", () =>
    withPeople(
      async ({ stack, alice, bob, eve, message, call, attach }) => {
        const raw = (body: string, type: string) =>
          call(alice.token, "POST", `/messages/${message}/files`, { body, headers: { "Content-Type": type } });
        const part = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhello';
        const many = Array.from({ length: 11 }, (_, index) => [`${index}.txt`, "x"] as const);
        const named = new FormData();
        named.set("picture", new Blob(["x"]), "x.txt");
        const answers = {
          "another's message": await attach(formOf(["a.png", png]), { by: bob }),
          "a stranger's": await attach(formOf(["a.png", png]), { by: eve }),
          "no message": await attach(formOf(["a.png", png]), { to: `${message}9` }),
          "no form": await raw("{}", "application/json"),
          "no boundary": await raw(part, "multipart/form-data"),
          "another boundary": await raw(part, "multipart/form-data; boundary=c"),
          "no last boundary": await raw(part, "multipart/form-data; boundary=b"),
          "no file": await raw("--b--\r\n", "multipart/form-data; boundary=b"),
          "an empty body": await raw("", "multipart/form-data; boundary=b"),
          "an empty file": await attach(formOf(["a.png", ""])),
          "another field": await attach(named),
          "too many": await attach(formOf(...many)),
          "too large": await attach(formOf(["a.bin", Buffer.alloc(2_001)])),
          "a form too large": await attach(formOf(["a.bin", Buffer.alloc(100_000)])),
          "too large, the second": await attach(formOf(["a.bin", "fits"], ["b.bin", Buffer.alloc(2_001)])),
        };
        expect(
          Object.fromEntries(
            Object.entries(answers).map(([what, { status, json }]) => [what, `${status} ${String(json["code"])}`]),
          ),
        ).toEqual({
          "another's message": "403 forbidden",
          "a stranger's": "404 not_found",
          "no message": "404 not_found",
          "no form": "415 unsupported_media_type",
          "no boundary": "400 malformed_request",
          "another boundary": "400 malformed_request",
          "no last boundary": "400 malformed_request",
          "no file": "422 validation_failed",
          "an empty body": "400 malformed_request",
          "an empty file": "422 validation_failed",
          "another field": "422 validation_failed",
          "too many": "422 validation_failed",
          "too large": "413 payload_too_large",
          "a form too large": "413 payload_too_large",
          "too large, the second": "413 payload_too_large",
        });
        await cutUpload(stack.origin, `/messages/${message}/files`, alice.token, () =>
          eventually(async () =>
            expect((await stack.pool.query("SELECT FROM files.stored WHERE bytes IS NULL")).rowCount).toBe(1),
          ),
        );
        await eventually(async () => {
          expect(await filesIn(stack.filesFolder)).toEqual([]);
          expect((await stack.pool.query("SELECT key FROM files.stored")).rows).toEqual([]);
        });
        expect((await stack.pool.query("SELECT FROM files.usage WHERE bytes <> 0 OR files <> 0")).rows).toEqual([]);
      },
      { uploadLimits: { maxFileBytes: 2_000, maxBytes: 1_000_000, maxFiles: 100 } },
    ));

  it("is over the user's own limits, of bytes and of files", () =>
    withPeople(
      async ({ stack, say, attach }) => {
        expect((await attach(formOf(["a.bin", Buffer.alloc(900)]))).status).toBe(201);
        const over = await attach(formOf(["b.bin", Buffer.alloc(101)]));
        expect(over).toMatchObject({ status: 413, json: { code: "quota_exceeded" } });
        expect((await attach(formOf(["b.bin", Buffer.alloc(50)], ["c.bin", Buffer.alloc(10)]))).status).toBe(201);
        const third = await attach(formOf(["d.bin", "x"]), { to: await say("more") });
        expect(third).toMatchObject({ status: 413, json: { code: "quota_exceeded" } });
        expect(await filesIn(stack.filesFolder)).toHaveLength(3);
      },
      { uploadLimits: { maxFileBytes: 2_000, maxBytes: 1_000, maxFiles: 3 } },
    ));

  it("is no longer over them when messages with files, or a chat, were deleted", () =>
    withPeople(
      async ({ stack, alice, chat, message, say, call, attach }) => {
        const [second, third] = [await say("more"), await say("and more")];
        for (const to of [message, second]) {
          expect((await attach(formOf(["a.bin", Buffer.alloc(400)]), { to })).status).toBe(201);
        }
        const again = (to: string) => attach(formOf(["b.bin", Buffer.alloc(400)]), { to });
        expect(await again(third)).toMatchObject({ status: 413, json: { code: "quota_exceeded" } });

        expect((await call(alice.token, "DELETE", `/messages/${message}`)).status).toBeLessThan(300);
        await eventually(async () => expect((await again(third)).status).toBe(201));
        expect(await again(third)).toMatchObject({ status: 413, json: { code: "quota_exceeded" } });
        expect(await filesIn(stack.filesFolder)).toHaveLength(2);

        expect((await call(alice.token, "DELETE", `/chats/${chat}`)).status).toBeLessThan(300);
        const other = await call(alice.token, "POST", "/chats", {
          body: JSON.stringify({ type: "group", name: "The others" }),
          headers: { "Content-Type": "application/json" },
        });
        const avatar = `/chats/${String(other.json["id"])}/avatar`;
        await eventually(async () =>
          expect((await call(alice.token, "PUT", avatar, { body: formOf(["us.png", png]) })).status).toBe(200),
        );
        expect(await filesIn(stack.filesFolder)).toHaveLength(1);
      },
      { uploadLimits: { maxFileBytes: 2_000, maxBytes: 1_000, maxFiles: 2 } },
    ));

  it("is of the eleventh file of a message", () =>
    withPeople(async ({ stack, attach }) => {
      const ten = Array.from({ length: 10 }, (_, index) => [`${index}.txt`, "x"] as const);
      expect((await attach(formOf(...ten), { key: "ten" })).status).toBe(201);
      expect((await attach(formOf(["one more.txt", "x"]))).json).toMatchObject({ code: "validation_failed" });
      expect((await attach(formOf(["one more.txt", "x"]), { key: "more" })).json).toMatchObject({
        code: "validation_failed",
      });
      expect((await attach(formOf(...ten), { key: "ten" })).status).toBe(200);
      expect(await filesIn(stack.filesFolder)).toHaveLength(10);
    }));
});

describe("a picture of a user or a group", () => {
  it("is made anew as a square, got by whoever may see it, and has another URL when it is another", () =>
    withPeople(async ({ alice, bob, eve, chat, call, get }) => {
      const put = (path: string, form: FormData, by = alice) => call(by.token, "PUT", path, { body: form });
      const mine = await put("/users/me/avatar", formOf(["me.png", png]));
      expect(mine).toMatchObject({ status: 200, json: { id: alice.id } });
      const url = String(mine.json["avatar"]);
      const seen = await get(url, eve);
      expect(seen.status).toBe(200);
      expect(seen.headers.get("Content-Type")).toBe("image/webp");
      expect(seen.bytes.subarray(8, 12).toString()).toBe("WEBP");
      expect((await get(url, bob, { "If-None-Match": seen.headers.get("ETag") ?? "" })).status).toBe(304);
      const again = await put("/me/avatar", formOf(["me.png", png]));
      expect(again.json["avatar"]).not.toBe(url);
      expect((await get(`/users/${alice.id}`)).json["avatar"]).toBe(again.json["avatar"]);
      expect((await get(`/users/${bob.id}/avatar`)).status).toBe(404);

      const ours = await put(`/chats/${chat}/avatar`, formOf(["us.png", png]));
      expect(ours.status).toBe(200);
      const { avatar } = (await get(`/chats/${chat}`)).json;
      expect(avatar).toBe(ours.json["avatar"]);
      expect((await get(String(avatar))).bytes.subarray(8, 12).toString()).toBe("WEBP");
      expect((await get(String(avatar), eve)).status).toBe(404);
      expect((await put(`/chats/${chat}/avatar`, formOf(["us.png", png]), bob)).status).toBe(403);
    }));

  it("of a user is removed with its file, and removed again it changes nothing", () =>
    withPeople(async ({ stack, alice, eve, call, get }) => {
      const mine = await call(alice.token, "PUT", "/users/me/avatar", { body: formOf(["me.png", png]) });
      const removed = await call(alice.token, "DELETE", "/users/me/avatar");
      expect([removed.status, removed.json]).toEqual([200, { ...mine.json, avatar: null }]);
      const again = await call(alice.token, "DELETE", "/me/avatar");
      expect([again.status, again.json]).toEqual([200, removed.json]);
      expect((await get(String(mine.json["avatar"]), eve)).status).toBe(404);
      expect((await get(`/users/${alice.id}`)).json["avatar"]).toBeNull();
      expect(await filesIn(stack.filesFolder)).toEqual([]);
      const { rows } = await stack.pool.query("SELECT bytes, files FROM files.usage");
      expect(rows).toEqual([{ bytes: 0, files: 0 }]);
    }));

  it("is no text, no program, no half of one and no bomb", () =>
    withPeople(async ({ stack, alice, call }) => {
      const put = (body: FormData) => call(alice.token, "PUT", "/users/me/avatar", { body });
      // 30,000 by 30,000 points, it says: 2.7 GB when it is decoded.
      const bomb = Buffer.from(png);
      bomb.writeUInt32BE(30_000, 16);
      bomb.writeUInt32BE(30_000, 20);
      bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
      const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
      for (const bytes of ["hello", svg, "", png.subarray(0, 50), bomb]) {
        expect(await put(formOf(["a.png", bytes]))).toMatchObject({ status: 422, json: { code: "validation_failed" } });
      }
      expect((await put(formOf(["a.png", Buffer.alloc(11_000_000)]))).status).toBe(413);
      expect((await put(formOf(["a.png", png], ["b.png", png]))).status).toBe(422);
      expect(await filesIn(stack.filesFolder)).toEqual([]);
    }));
});

describe("the collector of files", () => {
  it("removes what belongs to nothing, an hour after it came, and nothing else", () =>
    withPeople(
      async ({ stack, alice, chat, say, call, attach, get, sent }) => {
        const { pool, filesFolder } = stack;
        const kept = sent(await attach(formOf(["kept.txt", "kept"])))[0]?.url ?? "";
        const deleted = await say("not this");
        await attach(formOf(["deleted.txt", "deleted"]), { to: deleted });
        await call(alice.token, "DELETE", `/messages/${deleted}`);
        for (let times = 0; times < 2; times += 1) {
          await call(alice.token, "PUT", "/users/me/avatar", { body: formOf(["a.png", png]) });
          await call(alice.token, "PUT", `/chats/${chat}/avatar`, { body: formOf(["a.png", png]) });
        }
        expect(await filesIn(filesFolder)).toHaveLength(6);
        await pool.query("UPDATE files.stored SET touched_at = now() - interval '70 minutes'");
        // Uploads whose process was killed before their command was sent, or that are just coming in: who knows.
        await pool.query(
          `INSERT INTO files.stored (key, user_id, kind, chat_id, seq, touched_at) VALUES
             ('0197a3c0-0000-7000-8000-000000000001', $1, 'message', $2, 1, now() - interval '70 minutes'),
             ('0197a3c0-0000-7000-8000-000000000002', $1, 'message', $2, 1, now() - interval '50 minutes')`,
          [alice.id, chat],
        );
        await eventually(async () => expect(await filesIn(filesFolder)).toHaveLength(3), { within: 30_000 });
        await eventually(async () => expect((await pool.query("SELECT FROM files.stored")).rowCount).toBe(4));
        expect((await get(kept)).bytes.toString()).toBe("kept");
        expect((await get(`/users/${alice.id}/avatar`)).status).toBe(200);
        expect((await get(`/chats/${chat}/avatar`)).status).toBe(200);
        const { rows } = await pool.query(
          `SELECT (u.bytes, u.files) = (SELECT sum(bytes), count(bytes) FROM files.stored) AS same,
             EXISTS (SELECT FROM files.stored WHERE key = '0197a3c0-0000-7000-8000-000000000002') AS spared
           FROM files.usage AS u`,
        );
        expect(rows).toEqual([{ same: true, spared: true }]);
      },
      { collectFilesEveryMs: 200 },
    ));
});
