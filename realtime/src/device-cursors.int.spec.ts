import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { createDeviceCursors, type DeviceCursors } from "./device-cursors.ts";
import { createDeviceCursorRows, type DeviceCursorRows, type DeviceKey } from "./device-cursors-rows.ts";
import { realtimeMigrations } from "./migrations.ts";
import type { Offsets } from "./offsets.ts";

const logger = createLogger({ service: "spec", level: "silent" });
/** Long enough that a sign of life is one of later. */
const LATER_MS = 300;
const never = (): Offsets => [0, 0];

describe("the cursor of a device, on one instance or several", () => {
  let database: Awaited<ReturnType<typeof createSpecDatabase>>;
  let devices = 0;
  const running: DeviceCursors[] = [];

  beforeAll(async () => {
    database = await createSpecDatabase({ migrations: [realtimeMigrations] });
  });
  afterAll(async () => {
    for (const cursors of running) await cursors.stop();
    await database.drop();
  });

  /** An instance; one that has crashed says nothing any more, and is known to be gone. */
  async function instance(log = "log1", watched = (rows: DeviceCursorRows): DeviceCursorRows => rows) {
    const holder = randomUUID();
    let crashed = false;
    const query = ((...sent: Parameters<typeof database.pool.query>) =>
      crashed ? Promise.reject(new Error("gone")) : database.pool.query(...sent)) as typeof database.pool.query;
    const rows = watched(createDeviceCursorRows({ pool: { query }, holder, log }));
    const cursors = createDeviceCursors({ rows, logger });
    await cursors.start();
    running.push(cursors);
    return {
      ...cursors,
      rows,
      crash() {
        crashed = true;
      },
      isKnownToBeGone: () =>
        database.pool.query("UPDATE devices.holders SET seen_at = seen_at - interval '11 seconds' WHERE holder = $1", [
          holder,
        ]),
    };
  }

  const device = (chatId: string | null = null, deviceId = `device ${(devices += 1)}`): DeviceKey => ({
    userId: "7",
    deviceId,
    chatId,
  });

  const rowsOf = async ({ deviceId }: DeviceKey) =>
    (
      await database.pool.query<{ state: string; offsets: string[] }>(
        "SELECT state, offsets FROM devices.sockets WHERE device_id = $1",
        [deviceId],
      )
    ).rows.map(({ state, offsets }) => `${state} ${offsets.join()}`);
  const untilStored = (key: DeviceKey, ...wanted: readonly string[]) =>
    eventually(async () => expect((await rowsOf(key)).sort()).toEqual([...wanted].sort()));
  const startOf = async (cursors: DeviceCursors, key: DeviceKey) => (await cursors.find(key, never)).offsets;

  it("is stored for a new device before anything is told to it", async () => {
    const [one, other] = [await instance(), await instance()];
    const key = device();
    expect(await one.find(key, () => [3, 4])).toEqual({ status: "new", offsets: [3, 4] });
    expect(await other.find(key, never)).toEqual({ status: "known", offsets: [3, 4] });
  });

  it("is of one log: what is stored of another one means nothing", async () => {
    const [one, restored] = [await instance(), await instance("log2")];
    const key = device();
    await one.find(key, () => [30, 40]);
    expect(await restored.find(key, () => [1, 2])).toEqual({ status: "other log", offsets: [1, 2] });
    expect(await restored.find(key, never)).toEqual({ status: "known", offsets: [1, 2] });
  });

  it("is the lowest of its open sockets', by partition, wherever they are, and moves with proof only and never back", async () => {
    const [one, other] = [await instance(), await instance()];
    const key = device();
    const [here, there] = [one.open(key, [1, 1], false), other.open(key, [1, 1], false)];
    here.prove([5, 2]);
    there.prove([3, 9]);
    here.prove([4, 2]);
    await untilStored(key, "open 5,2", "open 3,9");
    expect(await startOf(one, key)).toEqual([3, 2]);
    expect(await startOf(await instance(), key)).toEqual([3, 2]);
  });

  it("stays where a socket ended without a word until another has come in its place, and is kept in one row", async () => {
    const [one, other] = [await instance(), await instance()];
    const key = device();
    const cut = one.open(key, [2, 2], false);
    cut.prove([4, 5]);
    cut.end(false);
    cut.prove([9, 9]);
    await untilStored(key, "left 4,5");
    expect(await startOf(other, key)).toEqual([4, 5]);
    const back = other.open(key, [4, 5], false);
    back.prove([7, 7]);
    await untilStored(key, "open 7,7");
    back.end(true);
    await untilStored(key, "closed 7,7");
    expect(await startOf(one, key)).toEqual([7, 7]);
  });

  it("is owed to each of several that were cut off, on one instance or two, however far another one gets", async () => {
    const [one, other] = [await instance(), await instance()];
    for (const there of [one, other]) {
      const key = device();
      const [first, second] = [one.open(key, [2, 2], false), there.open(key, [2, 2], false)];
      await sleep(LATER_MS);
      first.heard();
      first.end(false);
      second.heard();
      second.prove([9, 9]);
      await untilStored(key, "left 2,2", "open 9,9");
      expect(await startOf(other, key)).toEqual([2, 2]);

      second.end(false);
      await untilStored(key, "left 2,2", "left 9,9");
      const back = other.open(key, await startOf(other, key), false);
      back.prove([9, 9]);
      await untilStored(key, "left 2,2", "open 9,9");
      const late = one.open(key, await startOf(one, key), false);
      expect(late.proven()).toEqual([2, 2]);
      late.prove([12, 12]);
      // The first that came back shows that it is still there: so this is the other one.
      await sleep(LATER_MS);
      back.heard();
      back.prove([10, 10]);
      // Whether the row of the one that is back was taken out yet or not.
      const open = ["open 10,10", "open 12,12"];
      await eventually(async () => expect(await rowsOf(key)).toEqual(expect.arrayContaining(open)));
      expect(await startOf(one, key)).toEqual([10, 10]);
    }
  });

  it("counts what an instance had open when it died as left, and only until its client is back", async () => {
    const [dying, other, third] = [await instance(), await instance(), await instance()];
    const key = device();
    dying.open(key, [5, 5], false);
    await untilStored(key, "open 5,5");
    dying.crash();
    // It is not known yet that it died: its socket looks open.
    const back = other.open(key, await startOf(other, key), false);
    expect(back.proven()).toEqual([5, 5]);
    back.prove([9, 9]);
    await untilStored(key, "open 5,5", "open 9,9");
    await dying.isKnownToBeGone();
    expect(await startOf(third, key)).toEqual([9, 9]);
  });

  it("is what the client itself says, but never falls by it", async () => {
    const one = await instance();
    const key = device();
    one.open(key, [5, 5], false).end(false);
    await untilStored(key, "left 5,5");
    const again = one.open(key, [1, 9], true);
    await untilStored(key, "open 5,9");
    again.end(false);
    await untilStored(key, "left 5,9");
    expect(await startOf(one, key)).toEqual([5, 9]);
  });

  it("of one chat says nothing about the others, nor these about it", async () => {
    const one = await instance();
    const [whole, ofChat] = [device(null, "phone"), device(randomUUID(), "phone")];
    await one.find(whole, () => [5, 5]);
    await one.find(ofChat, () => [1, 1]);
    expect(await startOf(one, whole)).toEqual([5, 5]);
    expect(await startOf(one, ofChat)).toEqual([1, 1]);
  });

  it("tells how far any device has got in one chat", async () => {
    const one = await instance();
    const chatId = randomUUID();
    for (const [deviceId, place] of [
      ["desk", [7, 0]],
      ["tablet", [9, 0]],
    ] as const) {
      await one.find(device(chatId, deviceId), () => place);
    }
    await one.find(device(randomUUID(), "laptop"), () => [11, 0]);
    expect(await one.furthest("7", chatId)).toEqual([9, 0]);
    expect(await one.furthest("7", randomUUID())).toBeNull();
    expect(await (await instance("log2")).furthest("7", chatId)).toBeNull();
  });

  it("of hundreds that come at one moment is stored in portions, and those behind one that failed are tried again", async () => {
    const portions: number[] = [];
    let failures = 0;
    const one = await instance("log1", (rows) => ({
      ...rows,
      async store(sockets) {
        portions.push(sockets.length);
        if (portions.length === 2) {
          failures += 1;
          throw new Error("the database is away for a moment");
        }
        await rows.store(sockets);
      },
    }));
    const keys = Array.from({ length: 130 }, () => device());
    for (const [index, key] of keys.entries()) one.open(key, [index, index], false);
    const stored = (): Promise<string[]> => Promise.all(keys.map(rowsOf)).then((rows) => rows.flat());
    await eventually(async () => expect(await stored()).toEqual(keys.map((_, index) => `open ${index},${index}`)));
    expect(failures).toBe(1);
    expect(Math.max(...portions)).toBeLessThanOrEqual(50);
  });

  it("is forgotten when nobody has come for more than a year, but not while a socket is open", async () => {
    const [one, dead] = [await instance(), await instance()];
    const [old, open, orphan, recent] = [device(), device(), device(), device()];
    await one.find(old, () => [1, 1]);
    one.open(open, [2, 2], false);
    dead.open(orphan, [3, 3], false);
    await untilStored(open, "open 2,2");
    await untilStored(orphan, "open 3,3");
    dead.crash();
    await dead.isKnownToBeGone();
    for (const { deviceId } of [old, open, orphan]) {
      const aged = "UPDATE devices.sockets SET moved_at = now() - interval '401 days' WHERE device_id = $1";
      await database.pool.query(aged, [deviceId]);
    }
    await one.find(recent, () => [4, 4]);
    await one.rows.prune();
    const found = await Promise.all([old, open, orphan, recent].map((key) => one.find(key, never)));
    expect(found.map(({ status }) => status)).toEqual(["new", "known", "new", "known"]);
  });
});
