import { expect, it } from "@jest/globals";
import { isDatabaseUnavailable } from "@chat/shared/postgres/unavailable";
import { createLogger } from "@chat/shared/telemetry/logger";
import { eventually } from "@chat/shared/testing/eventually";
import { openPostgresDetour } from "@chat/shared/testing/postgres-detour";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { connectAccounts } from "./connect-accounts.ts";

const log = createLogger({ service: "spec", level: "silent" });

it("gives up a connection on which nothing comes back any more, and goes on over a new one", () =>
  withPostgres(async ({ url }) => {
    await using detour = await openPostgresDetour(url);
    const db = connectAccounts(detour.url, log, 2_000);
    const ask = async (): Promise<unknown> => (await db.select(db.raw("1 AS one"))) as unknown;
    expect(await ask()).toEqual([{ one: 1 }]);
    detour.swallow();
    expect(isDatabaseUnavailable(await ask().catch((error: unknown) => error))).toBe(true);
    await eventually(async () => expect(await ask()).toEqual([{ one: 1 }]));
    await db.destroy();
  }));
