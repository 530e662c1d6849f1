/** The services that have a database user of their own. */
export const services = ["command-api", "projector", "query-api", "realtime"] as const;
export type ServiceName = (typeof services)[number];

interface Right {
  /** A schema for all tables in it, `schema.table`, `schema.function(types)`, or "read models" for every generation of them. */
  readonly on: string;
  readonly may: "read" | "write" | "call";
}

const write = (on: string): Right => ({ on, may: "write" });
const read = (on: string): Right => ({ on, may: "read" });

/** Who works where, for those who share work among instances. */
const leases = [write("directory.instances"), write("directory.leases")];
/** The log, where it is in the database, and where it was moved to otherwise; which rows are live, and those rows. */
const readers = [read("log"), read("read"), read("read models")];

/**
 * What each service needs and no more, so that one that was broken into is not all of them. Whoever changes tables (migrations,
 * `rebuild`, `skip`) is their owner, an operator, and none of these.
 */
export const rightsOf: Readonly<Record<ServiceName, readonly Right[]>> = {
  "command-api": [...readers, write("log"), write("identity"), write("files"), read("directory"), ...leases],
  projector: [...readers, write("read models"), ...leases],
  "query-api": [
    ...readers,
    read("directory.users"),
    read("directory.own_profiles"),
    read("directory.own_sessions"),
    read("directory.revoked_sessions"),
  ],
  realtime: [
    ...readers,
    write("devices"),
    read("directory.users"),
    read("directory.revoked_sessions"),
    { on: "directory.redeem_ws_ticket(bytea)", may: "call" },
  ],
};

/** What only reads may not begin a transaction that writes either, whatever rights are given to everybody. */
export const readsOnly: ReadonlySet<ServiceName> = new Set(["query-api"]);

/** The statements that give a user these rights. `generations` are the schemas of the read models. */
export function grantsTo(user: string, service: ServiceName, generations: readonly string[]): readonly string[] {
  return rightsOf[service].flatMap(({ on, may }) => {
    const schemas = on === "read models" ? generations : [on.split(".")[0] ?? on];
    return schemas.flatMap((schema) => [
      `GRANT USAGE ON SCHEMA ${schema} TO ${user}`,
      `GRANT ${privileges[may]} ON ${on.includes(".") ? objectOf(on) : `ALL TABLES IN SCHEMA ${schema}`} TO ${user}`,
    ]);
  });
}

const privileges = { read: "SELECT", write: "SELECT, INSERT, UPDATE, DELETE", call: "EXECUTE" } as const;

const objectOf = (name: string): string => (name.includes("(") ? `FUNCTION ${name}` : `TABLE ${name}`);
