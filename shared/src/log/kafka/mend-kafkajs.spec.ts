import { createRequire } from "node:module";
import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { mendKafkajs } from "./mend-kafkajs.ts";

type Encoder = new () => { writeVarInt(value: number): { buffer: Buffer } };

const load = createRequire(import.meta.url);

it("writes every number as kafkajs does", () => {
  const Encoder = load("kafkajs/src/protocol/encoder") as Encoder;
  const write = (value: number): string => new Encoder().writeVarInt(value).buffer.toString("hex");
  const edges = [0, 1, -1, 63, 64, -64, -65, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)];
  const values = [...edges, ...fc.sample(fc.integer(), 1_000)];
  const before = values.map(write);
  mendKafkajs();
  expect(values.map(write)).toEqual(before);
});

it("has the version that the mending was made for", () => {
  expect(load("kafkajs/package.json")).toMatchObject({ version: "2.2.4" });
});
