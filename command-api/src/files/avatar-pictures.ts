import type { default as Sharp } from "sharp";
import { Rejection } from "@chat/shared/rejection";
import { createBoundedQueue } from "../bounded-queue.ts";

/** More than a phone's camera makes; a picture of so many points takes about 200 MB while it is decoded. */
const MAX_PIXELS = 50_000_000;
const SIDE = 512;
const QUALITY = 82;
/** What takes longer was made to take long. */
const SECONDS = 10;
/** Decoding is the most that a request may cost here: one at a time leaves the other core to the chat. */
const AT_ONCE = 1;
const MAX_WAITING = 16;

/** The formats that people's pictures come in; the decoders of all others are shut. */
const LOADERS = ["Png", "Jpeg", "Webp", "Nsgif"].map((format) => `VipsForeignLoad${format}Buffer`);

/**
 * A square WebP of at most 512 points from the middle of any picture, with nothing in it but the picture: what else stood in the
 * file, such as where it was taken, is gone. Rejects with a Rejection: validation_failed for what is no picture, or too large a
 * one; too_many_requests.
 */
export type MakeAvatar = (bytes: Buffer) => Promise<Buffer>;

export function createAvatarPictures(): MakeAvatar {
  const queue = createBoundedQueue({ atOnce: AT_ONCE, maxWaiting: MAX_WAITING });
  let loading: Promise<typeof Sharp> | null = null;

  async function make(bytes: Buffer): Promise<Buffer> {
    const sharp = await (loading ??= loadSharp());
    try {
      const picture = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: "error", pages: 1 });
      const { width, height } = await picture.metadata();
      const side = Math.min(SIDE, width, height);
      return await picture
        .autoOrient()
        .resize(side, side, { fit: "cover" })
        .timeout({ seconds: SECONDS })
        .webp({ quality: QUALITY })
        .toBuffer();
    } catch {
      throw noPicture();
    }
  }

  return (bytes) => queue.run(() => make(bytes));
}

/** With the first picture: it takes a sixth of a second and 26 MB, of which a start without pictures needs nothing. */
async function loadSharp(): Promise<typeof Sharp> {
  const { default: sharp } = await import("sharp");
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ["VipsForeignLoad"] });
  sharp.unblock({ operation: LOADERS });
  return sharp;
}

function noPicture(): Rejection {
  const detail = `must be a PNG, JPEG, WebP or GIF of at most ${String(MAX_PIXELS / 1_000_000)} megapixels`;
  return new Rejection("validation_failed", `The file ${detail}.`, {
    errors: [{ in: "body", pointer: "/file", detail }],
  });
}
