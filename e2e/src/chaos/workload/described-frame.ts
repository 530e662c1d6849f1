import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import type { Frame } from "../../harness/api.ts";
import type { Note } from "../history.ts";

/** The frame in what was told; one that is not as described is noted as what nobody expects. */
export function describedFrame(data: Buffer, note: Note): Frame {
  const frame = JSON.parse(data.toString()) as Frame;
  try {
    checkFrameToClient(frame);
  } catch (error) {
    note({ type: "unexpected", what: error instanceof Error ? error.message : String(error) });
  }
  return frame;
}
