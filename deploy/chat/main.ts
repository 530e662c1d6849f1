/** The orders of an operator by name, each a program of its own that can be started alone as well. */
const orders: Readonly<Record<string, () => Promise<unknown>>> = {
  "log copy": () => import("../log-copy/main.ts"),
  migrate: () => import("../migrate/main.ts"),
  postgres: () => import("../postgres/main.ts"),
  "projector rebuild": () => import("@chat/projector/main"),
  "projector skip": () => import("@chat/projector/main"),
  verify: () => import("../verify/main.ts"),
};

/** Where one program has several orders, the word that it wants to hear is kept. */
const kept: ReadonlySet<string> = new Set(["rebuild", "skip"]);

const said = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const order = Object.keys(orders).find((name) => name.split(" ").every((word, index) => said[index] === word));

if (order !== undefined) {
  // What is left is said to the order: as it would be if that were started alone.
  const passedOver = order.split(" ").filter((word) => !kept.has(word));
  for (const word of passedOver) process.argv.splice(process.argv.indexOf(word, 2), 1);
  await orders[order]?.();
} else {
  const list = Object.keys(orders).join(", ");
  const begins = said.every((word, index) => Object.keys(orders).some((name) => name.split(" ")[index] === word));
  const asked = begins && process.argv.includes("--help");
  (asked ? process.stdout : process.stderr).write(`chat: say one of: ${list}; with --help each says more\n`);
  process.exitCode = asked ? 0 : 1;
}
