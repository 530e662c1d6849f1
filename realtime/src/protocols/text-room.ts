import { chatRoom } from "./chat-room.ts";
import type { Protocol } from "./protocol.ts";
import { readObject, sendText } from "./texts-in.ts";

/** `/chat/{chat_id}`: what is typed is sent. The frames that come back are those of `chat-room.ts`. */
export const textRoom: Protocol = {
  ...chatRoom,
  name: "text-room",
  provedSoon: true,

  /** `{"text": …}`, or any text that is no JSON object; an object with a `type` is a frame as in the chat room. */
  incoming(frame, shown) {
    const object = readObject(frame);
    if (object !== null && "type" in object) return chatRoom.incoming(frame, shown);
    return sendText(frame, object, shown);
  },
};
