import Type, { type Static } from "typebox";
import { DATABASE_URL, EXPECTED_PARTITIONS, LOG_LEVEL, logSettings } from "@chat/shared/settings";
import type { ServiceName } from "./service-rights.ts";
import type { ServiceUser } from "./service-users.ts";

const urlOf = (service: ServiceName) =>
  Type.Optional({ ...DATABASE_URL, description: `DATABASE_URL of ${service}: migrate makes the user that it names` });

export const migrateSettings = Type.Object({
  DATABASE_URL,
  COMMAND_API_DATABASE_URL: urlOf("command-api"),
  PROJECTOR_DATABASE_URL: urlOf("projector"),
  QUERY_API_DATABASE_URL: urlOf("query-api"),
  REALTIME_DATABASE_URL: urlOf("realtime"),
  ...logSettings,
  PARTITIONS: Type.Optional({
    ...EXPECTED_PARTITIONS,
    description: "Partitions of the log: of a new one, by default 16; where one with others is there, nothing is done",
  }),
  LOG_LEVEL,
});

/** The services that are to have a database user of their own; without any all of them use the owner's. */
export function serviceUsers(settings: Static<typeof migrateSettings>): readonly ServiceUser[] {
  const named = [
    { service: "command-api", variable: "COMMAND_API_DATABASE_URL" },
    { service: "projector", variable: "PROJECTOR_DATABASE_URL" },
    { service: "query-api", variable: "QUERY_API_DATABASE_URL" },
    { service: "realtime", variable: "REALTIME_DATABASE_URL" },
  ] as const;
  return named.flatMap((one) => {
    const url = settings[one.variable];
    return url === undefined ? [] : [{ ...one, url }];
  });
}
