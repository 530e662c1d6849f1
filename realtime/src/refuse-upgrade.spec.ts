import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { Rejection } from "@chat/shared/rejection";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createRefuseUpgrade } from "./refuse-upgrade.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";

/** What the client reads, and what the log says. */
async function refused(error: unknown, requestId: string | undefined) {
  const lines: string[] = [];
  const logger = createLogger({ service: "spec", destination: { write: (line: string) => void lines.push(line) } });
  const request = new IncomingMessage(new Socket());
  request.headers.traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
  if (requestId !== undefined) request.headers["x-request-id"] = requestId;
  const socket = new PassThrough();
  const said = text(socket);
  createRefuseUpgrade(logger)(request, socket, error);
  const [head = "", body = ""] = (await said).split("\r\n\r\n");
  const problem = JSON.parse(body) as { readonly status: number; readonly request_id: string };
  return {
    problem,
    header: /^X-Request-Id: (.*)$/m.exec(head)?.[1]?.trim(),
    logged: lines.map((line) => JSON.parse(line) as unknown),
  };
}

describe("a handshake that is refused", () => {
  it("for a bug has the same id in its answer and in the log", async () => {
    const { problem, header, logged } = await refused(new Error("a bug"), undefined);
    expect(problem).toMatchObject({ status: 500, request_id: header });
    expect(header).toMatch(/^[0-9a-f-]{36}$/);
    expect(logged).toEqual([expect.objectContaining({ request_id: header, trace_id: traceId })]);
  });

  it("keeps the id that its client gave it", async () => {
    expect(await refused(new Error("a bug"), "mine-1")).toMatchObject({
      problem: { request_id: "mine-1" },
      header: "mine-1",
      logged: [{ request_id: "mine-1" }],
    });
  });

  it("has another than one that would break a line", async () => {
    const { problem, header } = await refused(new Error("a bug"), "mine 1\t");
    expect(header).toMatch(/^[0-9a-f-]{36}$/);
    expect(problem.request_id).toBe(header);
  });

  it("for a reason is no line in the log", async () => {
    const { problem, logged } = await refused(new Rejection("not_found", "There is no socket at this path."), "mine-1");
    expect(problem).toMatchObject({ status: 404, request_id: "mine-1" });
    expect(logged).toEqual([]);
  });
});
