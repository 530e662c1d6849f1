import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createSpecDatabase } from "@chat/shared/testing/with-postgres";
import { createDeviceCursorRows, type DeviceCursorRows, type HeldCursor } from "./device-cursors-rows.ts";
import { realtimeMigrations } from "./migrations.ts";

describe("the rows of a device, one for each instance that holds its cursor", () => {
  let database: Awaited<ReturnType<typeof createSpecDatabase>>;
  let devices = 0;

  beforeAll(async () => {
    database = await createSpecDatabase({ migrations: [realtimeMigrations] });
  });
  afterAll(() => database.drop());

  async function instance(log = "log1"): Promise<DeviceCursorRows & { readonly holder: string }> {
    const holder = randomUUID();
    const rows = createDeviceCursorRows({ pool: database.pool, holder, log });
    await rows.seen();
    return { ...rows, holder };
  }

  /** A device of its own, and how its cursor is stored and found. */
  function device(chatId: string | null = null, deviceId = `device ${(devices += 1)}`) {
    const key = { userId: "7", deviceId, chatId };
    const kept = { takesUp: false, mayFall: false };
    return {
      store: (rows: DeviceCursorRows, state: HeldCursor["state"], offsets: number[], how: Partial<HeldCursor> = {}) =>
        rows.store([{ ...key, state, offsets, ...kept, ...how }]),
      find: async (rows: DeviceCursorRows, held: number[] | null = null) => (await rows.find([{ ...key, held }]))[0],
    };
  }
  const takesUp = { takesUp: true, mayFall: true };
  const die = ({ holder }: { readonly holder: string }) =>
    database.pool.query("UPDATE devices.holders SET seen_at = now() - interval '1 minute' WHERE holder = $1", [holder]);

  it("know a device from one that was never here, and from one of another log", async () => {
    const [one, restored] = [await instance(), await instance("log2")];
    const { store, find } = device();
    expect(await find(one)).toEqual({ status: "new" });
    await store(one, "left", [1, 2]);
    expect(await find(one)).toEqual({ status: "known", offsets: [1, 2] });
    expect(await find(restored)).toEqual({ status: "other log" });
    await store(restored, "open", [0, 0]);
    expect(await find(restored)).toEqual({ status: "known", offsets: [0, 0] });
  });

  it("give the lowest of those that are open, whichever instance they are on", async () => {
    const [one, two] = [await instance(), await instance()];
    const { store, find } = device();
    await store(one, "open", [5, 2]);
    await store(two, "open", [3, 9]);
    expect(await find(two)).toEqual({ status: "known", offsets: [3, 2] });
    expect(await find(two, [4, 9])).toEqual({ status: "known", offsets: [4, 2] });
  });

  it("only ever rise, but where what was left elsewhere is taken up", async () => {
    const one = await instance();
    const { store, find } = device();
    await store(one, "open", [5, 2]);
    await store(one, "open", [3, 9]);
    expect(await find(one)).toEqual({ status: "known", offsets: [5, 9] });
    await store(one, "open", [1, 1], takesUp);
    expect(await find(one)).toEqual({ status: "known", offsets: [1, 1] });
  });

  it("keep what was left as the floor until it is taken up, and then no more", async () => {
    const [one, two] = [await instance(), await instance()];
    const { store, find } = device();
    await store(one, "left", [5, 5]);
    await store(two, "closed", [9, 9]);
    expect(await find(two)).toEqual({ status: "known", offsets: [5, 5] });
    await store(two, "open", [5, 5], takesUp);
    await store(two, "closed", [12, 12]);
    expect(await find(one)).toEqual({ status: "known", offsets: [12, 12] });
  });

  it("count what an instance had open when it died as left, and only once", async () => {
    const [one, two] = [await instance(), await instance()];
    const { store, find } = device();
    await store(one, "open", [5, 5]);
    // It is not known yet that it died: its row stays, and is spoken for by who began there.
    await store(two, "open", [5, 5], takesUp);
    await die(one);
    await store(two, "closed", [9, 9]);
    expect(await find(two)).toEqual({ status: "known", offsets: [9, 9] });
  });

  it("of an instance that died before anybody came are the floor", async () => {
    const [one, two] = [await instance(), await instance()];
    const { store, find } = device();
    await store(one, "open", [5, 5]);
    await die(one);
    expect(await find(two)).toEqual({ status: "known", offsets: [5, 5] });
  });

  it("are forgotten when nobody has come for more than a year, but not while a socket is open", async () => {
    const [one, dead] = [await instance(), await instance()];
    await die(dead);
    const devicesOf = [device(), device(), device(), device()];
    const [old, open, orphan, recent] = devicesOf;
    await old?.store(one, "left", [1, 1]);
    await open?.store(one, "open", [2, 2]);
    await orphan?.store(dead, "open", [3, 3]);
    await database.pool.query(
      "UPDATE devices.cursors SET moved_at = now() - interval '401 days', taken_at = '-infinity'",
    );
    await recent?.store(one, "left", [4, 4]);
    await database.pool.query("UPDATE devices.holders SET seen_at = now() - interval '2 days' WHERE holder = $1", [
      dead.holder,
    ]);
    await one.prune();
    const found = await Promise.all(devicesOf.map(({ find }) => find(one)));
    expect(found.map((cursor) => cursor?.status)).toEqual(["new", "known", "new", "known"]);
    const { rows } = await database.pool.query("SELECT FROM devices.holders WHERE holder = $1", [dead.holder]);
    expect(rows).toHaveLength(0);
  });

  it("name the devices that showed one chat", async () => {
    const one = await instance();
    const chatId = randomUUID();
    await device(chatId, "phone").store(one, "left", [1, 1]);
    await device(chatId, "tablet").store(one, "left", [1, 1]);
    await device(randomUUID(), "laptop").store(one, "left", [1, 1]);
    expect([...(await one.devicesIn("7", chatId))].sort()).toEqual(["phone", "tablet"]);
    expect(await (await instance("log2")).devicesIn("7", chatId)).toEqual([]);
  });

  it("say nothing about the sockets that show one chat, nor these about the others", async () => {
    const one = await instance();
    const whole = device(null, "phone");
    const ofChat = device(randomUUID(), "phone");
    await whole.store(one, "open", [5, 5]);
    await ofChat.store(one, "open", [1, 1]);
    expect(await whole.find(one)).toEqual({ status: "known", offsets: [5, 5] });
    expect(await ofChat.find(one)).toEqual({ status: "known", offsets: [1, 1] });
  });
});
