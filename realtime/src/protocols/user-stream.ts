import { nativeProtocol } from "./native.ts";
import type { Protocol } from "./protocol.ts";

/**
 * `/ws/notif?quiet=1`: what happens, as `{"type", "payload"}`, and nothing but that, for programs that take every frame
 * for an event. Whoever asks for something is answered all the same.
 */
export const userStream: Protocol = {
  ...nativeProtocol,
  name: "user-stream",
  provedSoon: true,
  framesFor: (telling, context) => (telling.kind === "version" ? [] : nativeProtocol.framesFor(telling, context)),
  ready: () => null,
  moved: () => null,
  resync: () => null,
};
