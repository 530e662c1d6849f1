import { describe, expect, it } from "@jest/globals";
import { createLogger, withoutSecrets } from "./logger.ts";

function linesOf(write: (log: ReturnType<typeof createLogger>) => void): Record<string, unknown>[] {
  const lines: string[] = [];
  write(createLogger({ service: "spec", destination: { write: (line: string) => lines.push(line) } }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the log", () => {
  it("is JSON that says who, when and how bad", () => {
    expect(linesOf((log) => log.info({ port: 8000 }, "ready"))).toEqual([
      { level: "info", time: expect.stringMatching(/Z$/), service: "spec", port: 8000, msg: "ready" },
    ]);
  });

  it.each(["password", "token", "authorization", "refresh_token"])("hides %s, three levels deep", (key) => {
    const lines = linesOf((log) =>
      log.info({ [key]: "hush", body: { [key]: "hush", deeper: { [key]: "hush" } } }, "…"),
    );
    expect(JSON.stringify(lines)).not.toContain("hush");
  });

  it.each([
    ["/ws?device=a&token=hush&cursor=b", "/ws?device=a&token=[secret]&cursor=b"],
    ["/ws?ticket=hush", "/ws?ticket=[secret]"],
    ["authorization: Bearer hush", "authorization: Bearer [secret]"],
    ["postgresql://chat:hush@db:5432/chat", "postgresql://chat:[secret]@db:5432/chat"],
    ["bad token eyJhbGciOi.eyJzdWIi.c2ln!", "bad token [secret]!"],
  ])("takes the secret out of %s", (text, without) => {
    expect(withoutSecrets(text)).toBe(without);
    expect(linesOf((log) => log.warn({ url: text }, text))).toMatchObject([{ url: without, msg: without }]);
  });

  it("stays JSON when a secret is the last thing in a text with quotes", () => {
    const text = 'GET "/ws?token=hush"';
    expect(linesOf((log) => log.info(text))).toMatchObject([{ msg: 'GET "/ws?token=[secret]"' }]);
  });

  it("keeps what a row holds out of a database error", () => {
    const error = Object.assign(new Error("duplicate key"), {
      code: "23505",
      detail: "Key (email)=(a@b.c) already exists.",
    });
    const [line] = linesOf((log) => log.error({ err: error }, "failed"));
    expect(line).toMatchObject({ err: { message: "duplicate key", code: "23505" } });
    expect(JSON.stringify(line)).not.toContain("a@b.c");
  });
});
