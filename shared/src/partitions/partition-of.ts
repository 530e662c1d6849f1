import { crc32 } from "node:zlib";

/** How many partitions a new log gets. It can never change afterwards: a chat's partition follows from it. */
export const defaultPartitions = 16;

/** The partition of a chat, the same in every service, adapter and release: CRC-32 of the key's UTF-8, modulo. */
export function partitionOf(chatId: string, partitions: number): number {
  return crc32(chatId) % partitions;
}
