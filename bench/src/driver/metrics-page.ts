import { httpRequest, openHttpConnection } from "./http-connection.ts";

/** Looks at a figure of the system's metrics now and then; null for a figure that it does not have. */
export async function readMetric(port: number, name: string): Promise<number | null> {
  const connection = await openHttpConnection(port);
  try {
    const { body } = await connection.send(httpRequest("GET", "/metrics", "none"));
    const value = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "m").exec(body.toString())?.[1];
    return value === undefined ? null : Number(value);
  } finally {
    connection.close();
  }
}

/** The highest value of a figure until `stop` is called. */
export function watchHighest(look: () => Promise<number>, everyMs: number) {
  let highest = 0;
  let over = false;
  const looking = (async () => {
    while (!over) {
      highest = Math.max(highest, await look());
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  })();
  return {
    async stop(): Promise<number> {
      over = true;
      await looking;
      return highest;
    },
  };
}
