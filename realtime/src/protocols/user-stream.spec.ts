import { describe, expect, it } from "@jest/globals";
import { context, incoming, message, newMessage, tell } from "./testing/tellings.ts";
import { nativeProtocol } from "./native.ts";
import { userStream } from "./user-stream.ts";

describe("the user's stream (seed 002)", () => {
  it("tells a type and a payload", () => {
    const [frame] = tell(userStream, "1", newMessage({ text: "Привет из чата!", sender_id: "2" }));
    expect(frame).toMatchObject({
      type: "new_message",
      payload: { ...message(), text: "Привет из чата!", sender_id: "2", created_at: message().created_at },
    });
  });

  it("tells every event in the native words", () => {
    expect(tell(userStream, "1", newMessage())).toEqual(tell(nativeProtocol, "1", newMessage()));
  });

  it("is quiet besides, but answers who asks", () => {
    const start = { userId: "1", deviceId: "d", cursor: context.at, resumed: true, heartbeatSeconds: 25 };
    expect([userStream.ready(start), userStream.moved("AFTER"), userStream.resync()]).toEqual([null, null, null]);
    expect(userStream.done(null, null)).toBeNull();
    expect(JSON.parse(userStream.done("c1", null) ?? "")).toEqual({ type: "reply", id: "c1", ok: true, result: {} });
    expect(incoming(userStream, { type: "ping", id: "c1" })).toEqual({ kind: "ping", id: "c1" });
  });
});
