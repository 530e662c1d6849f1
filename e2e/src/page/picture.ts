import { crc32, deflateSync } from "node:zlib";

/** A picture of two colours that every browser shows: a PNG, eight bits a colour. */
export function makePng(width: number, height: number): Buffer {
  const rows = Array.from({ length: height }, (_, y) => {
    const points = Array.from({ length: width }, (_point, x) => (x + y < width ? [47, 91, 234] : [255, 186, 73]));
    return [0, ...points.flat()];
  });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixels = deflateSync(Buffer.from(rows.flat()));
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
