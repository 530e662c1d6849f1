import type { World } from "./world.ts";

/** Every call that takes JSON, with a body that it would take. */
export interface BodyCall {
  readonly method: string;
  readonly path: (world: World) => string;
  /** It takes forms and queries as well, so a missing body is not wrong by itself. */
  readonly forms?: true;
}

export const bodyCalls: readonly BodyCall[] = [
  { method: "POST", path: () => "/auth/register" },
  { method: "POST", path: () => "/auth/login", forms: true },
  { method: "PATCH", path: () => "/users/me" },
  { method: "POST", path: () => "/chats" },
  { method: "PATCH", path: ({ group }) => `/chats/${group}` },
  { method: "POST", path: ({ group }) => `/chats/${group}/members` },
  { method: "PUT", path: ({ group, bob }) => `/chats/${group}/members/${bob.id}/role` },
  { method: "POST", path: ({ group }) => `/chats/${group}/leave` },
  { method: "POST", path: ({ group }) => `/chats/${group}/messages` },
  { method: "POST", path: () => "/message/" },
  { method: "PUT", path: ({ message }) => `/messages/${message}` },
  { method: "POST", path: ({ group }) => `/chats/${group}/read` },
];

export interface BadBody {
  readonly what: string;
  readonly body: string | Buffer;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string;
  /** Unknown fields are refused there, and ignored without the prefix. */
  readonly underApiOnly?: true;
  readonly notForForms?: true;
}

/** What no call takes, whatever it is about. */
export const badBodies: readonly BadBody[] = [
  { what: "broken JSON", body: '{"text":', status: 400, code: "malformed_json" },
  { what: "no JSON", body: "text=hi", status: 400, code: "malformed_json" },
  { what: "two values", body: "{}{}", status: 400, code: "malformed_json" },
  { what: "a comma too many", body: '{"text":"hi",}', status: 400, code: "malformed_json" },
  { what: "a raw NUL", body: '{"text":"a\0"}', status: 400, code: "malformed_json" },
  { what: "not a number", body: '{"text":NaN}', status: 400, code: "malformed_json" },
  { what: "bad UTF-8", body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), status: 400, code: "invalid_utf8" },
  { what: "half a character", body: Buffer.from('{"text":"я').subarray(0, 10), status: 400, code: "invalid_utf8" },
  { what: "33 lists in one another", body: "[".repeat(33), status: 400, code: "too_deep" },
  { what: "33 objects in one another", body: `${'{"a":'.repeat(33)}1${"}".repeat(33)}`, status: 400, code: "too_deep" },
  { what: "60,000 lists in one another", body: "[".repeat(60_000), status: 400, code: "too_deep" },
  { what: "100,000 lists in one another", body: "[".repeat(100_000), status: 413, code: "payload_too_large" },
  { what: "64 KiB and a byte", body: `"${"x".repeat(65_535)}"`, status: 413, code: "payload_too_large" },
  { what: "null", body: "null", status: 422, code: "validation_failed" },
  { what: "a list", body: "[]", status: 422, code: "validation_failed" },
  { what: "a text", body: '"text"', status: 422, code: "validation_failed" },
  { what: "a number", body: "1e400", status: 422, code: "validation_failed" },
  { what: "an unknown field", body: '{"admin":true}', status: 422, code: "validation_failed", underApiOnly: true },
  {
    what: "a prototype",
    body: '{"__proto__":{"text":"hi","role":"owner"}}',
    status: 422,
    code: "validation_failed",
    underApiOnly: true,
  },
  {
    what: "a constructor",
    body: '{"constructor":{"prototype":{"text":"hi"}}}',
    status: 422,
    code: "validation_failed",
    underApiOnly: true,
  },
  { what: "JSON as text/html", body: "{}", type: "text/html", status: 415, code: "unsupported_media_type" },
  { what: "JSON as text/plain", body: "{}", type: "text/plain", status: 415, code: "unsupported_media_type" },
  { what: "JSON as nothing at all", body: "{}", type: "", status: 415, code: "unsupported_media_type" },
  {
    what: "JSON in UTF-16",
    body: Buffer.from("{}", "utf16le"),
    type: "application/json; charset=utf-16",
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "a form",
    body: "text=hi",
    type: "application/x-www-form-urlencoded",
    status: 415,
    code: "unsupported_media_type",
    notForForms: true,
  },
  {
    what: "parts",
    body: '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhi\r\n--b--\r\n',
    type: "multipart/form-data; boundary=b",
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "a compressed body",
    body: "{}",
    headers: { "content-encoding": "gzip" },
    status: 415,
    code: "unsupported_media_type",
  },
];
