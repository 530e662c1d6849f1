import { describe, expect, it } from "@jest/globals";
import { inOrder, plainMessages } from "./plain-messages.ts";
import type { LateEvent } from "./replay.ts";

const wanted = [{ chatId: "one" }, { chatId: "other" }];

describe("messages that nobody has changed", () => {
  it("are what the journal says of them", () => {
    const row = {
      numbers: "2,3,40,5,4,17,1700000000123,0,1,3,41,9,8,18,0,7",
      texts: ["a", "b"],
      client_ids: [null, "k"],
    };
    expect(plainMessages(row, wanted)).toMatchObject([
      {
        partition: 3,
        offset: 40,
        record: {
          chatId: "other",
          version: 5,
          actor: "17",
          at: "2023-11-14T22:13:20.123Z",
          idempotencyKey: null,
          event: { type: "MessageSent", seq: 4, replyTo: null, content: { text: "a" } },
        },
        message: { text: "a", editedAt: null, deleted: false, changedVersion: 5, files: [] },
      },
      { offset: 41, record: { chatId: "one", idempotencyKey: "k", event: { seq: 8, replyTo: 7 } } },
    ]);
  });

  it("are none where the journal has none", () => {
    expect(plainMessages({ numbers: null, texts: null, client_ids: null }, wanted)).toEqual([]);
  });

  it("stand among the other events by partition and offset", () => {
    const at = (partition: number, offset: number) => ({ partition, offset }) as LateEvent;
    expect(inOrder([at(0, 4), at(1, 1)], [at(0, 3), at(0, 5), at(2, 0)])).toEqual([
      at(0, 3),
      at(0, 4),
      at(0, 5),
      at(1, 1),
      at(2, 0),
    ]);
  });
});
