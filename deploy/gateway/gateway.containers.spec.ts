import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { containerImages } from "@chat/shared/testing/container-images";
import { GenericContainer, Network, type StartedNetwork, type StartedTestContainer, Wait } from "testcontainers";

const limitMs = 120_000;
const gatewayPort = 8080;

/** An instance that reads a whole request and hangs up where the path says so, and counts what came to it. */
const instance = `
  let requests = 0;
  const server = require("node:http").createServer((request, response) => {
    if (request.url === "/count") return response.end(String(requests));
    request.resume().on("end", () => {
      requests += 1;
      if (request.url === "/cut") request.socket.destroy();
      else response.end("done");
    });
  });
  process.on("SIGTERM", () => process.exit());
  server.listen(Number(process.env.PORT), () => console.log("ready"));
`;

/** The real gateway; behind it, where services would be, instances that hang up. */
describe("the gateway", () => {
  let network: StartedNetwork;
  let gateway: StartedTestContainer;
  const instances = new Map<string, readonly StartedTestContainer[]>();

  beforeAll(async () => {
    network = await new Network().start();
    const start = (name: string, port: number, number: number): Promise<StartedTestContainer> =>
      new GenericContainer(containerImages.node)
        .withNetwork(network)
        .withNetworkAliases(name, `${name}-${number}`)
        .withEnvironment({ PORT: String(port) })
        .withExposedPorts(port)
        .withCommand(["node", "-e", instance])
        .withWaitStrategy(Wait.forLogMessage("ready"))
        .start();
    for (const [name, port] of [
      ["command-api", 3001],
      ["query-api", 3002],
    ] as const) {
      instances.set(name, await Promise.all([start(name, port, 1), start(name, port, 2)]));
    }
    gateway = await new GenericContainer(containerImages.nginx)
      .withNetwork(network)
      .withCopyFilesToContainer([{ source: join(import.meta.dirname, "nginx.conf"), target: "/etc/nginx/nginx.conf" }])
      .withEntrypoint(["nginx", "-g", "daemon off;"])
      .withExposedPorts(gatewayPort)
      .start();
  }, limitMs);
  afterAll(async () => {
    await Promise.all([gateway, ...instances.values()].flat().map((container) => container.stop({ timeout: 1_000 })));
    await network.stop();
  }, limitMs);

  async function ask(method: string, path: string): Promise<{ readonly status: number; readonly body: string }> {
    const body = method === "GET" || method === "HEAD" ? {} : { body: "{}" };
    const url = `http://${gateway.getHost()}:${gateway.getMappedPort(gatewayPort)}${path}`;
    const answer = await fetch(url, { method, ...body });
    return { status: answer.status, body: await answer.text() };
  }

  /** How many requests have come to all instances of a service that still run. */
  async function counted(name: string): Promise<number> {
    const counts = (instances.get(name) ?? []).map(async (one) => {
      const port = name === "command-api" ? 3001 : 3002;
      return Number(await (await fetch(`http://${one.getHost()}:${one.getMappedPort(port)}/count`)).text());
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  it.each(["POST", "PUT", "PATCH", "DELETE"])(
    "never sends a %s a second time that an instance has taken and not answered, and says that it is in doubt",
    async (method) => {
      const before = await counted("command-api");
      const { status, body } = await ask(method, "/cut");
      expect([status, JSON.parse(body)]).toMatchObject([503, { code: "outcome_unknown" }]);
      expect(await counted("command-api")).toBe(before + 1);
    },
  );

  it("asks the other instance what the first one did not answer, where that only reads", async () => {
    const before = await counted("query-api");
    const { status, body } = await ask("GET", "/cut");
    expect([status, JSON.parse(body)]).toMatchObject([503, { code: "unavailable" }]);
    expect(await counted("query-api")).toBe(before + 2);
  });

  it.each(["/x%00", "/%ZZ", `/${"x".repeat(20_000)}`])(
    "says of a request that nobody can read what is wrong",
    async (path) => {
      const { status, body } = await ask("GET", path);
      expect([status, JSON.parse(body)]).toMatchObject([400, { code: "malformed_request" }]);
    },
  );

  it("gives commands to the instance that is left, when one takes no connection", async () => {
    const [gone, left] = instances.get("command-api") ?? [];
    if (gone === undefined || left === undefined) throw new Error("there are not two instances");
    await gone.stop({ timeout: 1_000 });
    instances.set("command-api", [left]);
    const before = await counted("command-api");
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "POST", "PUT", "PATCH", "DELETE"])
      expect(await ask(method, "/anything")).toEqual({ status: 200, body: "done" });
    expect(await counted("command-api")).toBe(before + 8);
  });
});
