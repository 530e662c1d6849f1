/** The orders of an operator by name, each a program of its own that can be started alone as well. */
const orders: Readonly<Record<string, () => Promise<unknown>>> = {
  "log copy": () => import("../log-copy/main.ts"),
  migrate: () => import("../migrate/main.ts"),
  postgres: () => import("../postgres/main.ts"),
  verify: () => import("../verify/main.ts"),
};

const said = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const order = Object.keys(orders).find((name) => name.split(" ").every((word, index) => said[index] === word));

if (order !== undefined) {
  // What is left is said to the order: as it would be if that were started alone.
  for (const word of order.split(" ")) process.argv.splice(process.argv.indexOf(word, 2), 1);
  await orders[order]?.();
} else {
  const list = Object.keys(orders).join(", ");
  const begins = said.every((word, index) => Object.keys(orders).some((name) => name.split(" ")[index] === word));
  const asked = begins && process.argv.includes("--help");
  (asked ? process.stdout : process.stderr).write(`chat: say one of: ${list}; with --help each says more\n`);
  process.exitCode = asked ? 0 : 1;
}
