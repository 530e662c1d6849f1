const { readFileSync } = require("node:fs");
const { join } = require("node:path");

/**
 * Who may know whom. Each rule says why it is there; `deploy/checks/boundaries.int.spec.ts` breaks each one once and shows that it bites.
 * What imports cannot show (the environment, a clock or chance in the domain, SQL in the wrong room) stands in `eslint.config.js`.
 */
const service = "(command-api|projector|query-api|realtime)";
const spec = String.raw`\.spec\.ts$`;
/** What specs may use although only the root declares it. */
const specTools = "^node_modules/(@jest/globals|fast-check|eslint|dependency-cruiser)/";

/** A package and its types are one thing: to import only a type of it is to know it too. */
const npm = (...names) => `(^|/)node_modules/(@types/)?(${names.join("|")})/`;

/**
 * The cruiser knows whether a package is declared, but follows a workspace's link to its folder and asks no more.
 * So these rules are made from the package.json files of the tree that is cruised.
 */
function declareSiblings() {
  const readPackage = (folder) => JSON.parse(readFileSync(join(process.cwd(), folder, "package.json"), "utf8"));
  const { workspaces } = readPackage(".");
  return workspaces.map((workspace) => {
    const { dependencies, devDependencies } = readPackage(workspace);
    const declared = { ...dependencies, ...devDependencies };
    const undeclared = workspaces.filter((other) => other !== workspace && !(`@chat/${other}` in declared));
    return {
      name: "declare-what-you-import",
      comment: "A workspace names the workspaces that it needs: the list at the top of its folder is then the truth.",
      severity: "error",
      from: { path: `^${workspace}/` },
      to: { path: `^(${undeclared.join("|")})/` },
    };
  });
}

module.exports = {
  forbidden: [
    {
      name: "services-are-strangers",
      comment:
        "The four services meet in events and tables only. One that imports another can no longer be run, scaled or understood alone.",
      severity: "error",
      from: { path: `^${service}/` },
      to: { path: `^${service}/`, pathNot: "^$1/" },
    },
    {
      name: "only-the-embedded-run-joins-services",
      comment:
        "The embedded run composes the four factories in one process, and the documents are made from what they mount. Anybody else who needs two services at once talks to them over HTTP. Who may start a program as it is stands at main-is-nobodys-import.",
      severity: "error",
      from: { pathNot: [`^${service}/`, "^deploy/(embedded|migrate|documents)/", "^shared/", "^(e2e|bench)/"] },
      to: { path: `^${service}/`, pathNot: String.raw`/main\.ts$` },
    },
    {
      name: "the-embedded-run-takes-factories",
      comment:
        "The embedded run knows of a service its factory, its settings and its migrations. Reaching deeper would make it a fifth service.",
      severity: "error",
      from: { path: "^deploy/(embedded|migrate|documents)/" },
      to: {
        path: `^${service}/`,
        pathNot: String.raw`^${service}/(src/(service|config|migrations|close-codes)\.ts$|migrations/)`,
      },
    },
    {
      name: "shared-knows-no-service",
      comment:
        "Shared is what at least two services must agree on. If it knew one of them, all of them would depend on that one.",
      severity: "error",
      from: { path: "^shared/" },
      to: { path: `^(${service}|deploy|e2e|bench|client|web)/` },
    },
    {
      name: "domain-is-pure",
      comment:
        "A decision must give the same answer for the same command and state, for ever and on every instance: no package and no node module, for each is a way to a clock, to chance or to the outside.",
      severity: "error",
      from: { path: "/domain/", pathNot: spec },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "npm-unknown"] },
    },
    {
      name: "domain-knows-events-and-rejections",
      comment:
        "The domain speaks of facts and refusals. Of everything else, in its own service too, it is the one that is known, not the one that knows.",
      severity: "error",
      from: { path: "/domain/", pathNot: spec },
      to: {
        path: "^[a-z0-9-]+/",
        pathNot: ["/domain/", "^node_modules/", String.raw`^shared/src/(events/|rejection\.ts$|ids\.ts$)`],
      },
    },
    {
      name: "kafka-at-its-door",
      comment:
        "Only the Kafka adapters of the two ports know kafkajs: everybody else is written against the port, which is why the embedded run needs no Kafka.",
      severity: "error",
      from: { pathNot: "^shared/src/((log|signals)/kafka|testing)/" },
      to: { path: npm("kafkajs") },
    },
    {
      name: "s3-at-its-door",
      comment:
        "A bucket is one of two places for files. The adapter alone knows the client, and is itself loaded only where a bucket is named: it is large.",
      severity: "error",
      from: { pathNot: String.raw`^shared/src/files/s3-file-store\.(proof\.spec\.)?ts$` },
      to: { path: npm("@aws-sdk") },
    },
    {
      name: "uploads-at-their-door",
      comment:
        "What strangers send is taken apart in one room: forms, types found out from bytes, pictures decoded. Each of these readers has bounds that stand beside it, and is replaced there when it has a hole.",
      severity: "error",
      from: { pathNot: "^command-api/src/files/" },
      to: { path: npm("sharp", "file-type", "@fastify/busboy") },
    },
    {
      name: "websocket-at-its-door",
      comment:
        "Frames, queues and heartbeats stand in one place. Protocols translate plain values and can be tested without a socket.",
      severity: "error",
      from: {
        pathNot: [
          String.raw`^realtime/src/((admissions|service|connection)\.ts$|.*\.spec\.ts$)`,
          // Specs of the services together are clients too.
          String.raw`^deploy/embedded/(testing/|.*\.spec\.ts$)`,
          "^shared/src/testing/",
          "^(client|bench|e2e)/",
        ],
      },
      to: { path: npm("ws") },
    },
    {
      name: "koa-at-its-door",
      comment:
        "HTTP is one way in. What decides, remembers and asks takes plain values, so that a socket or a spec can call it too.",
      severity: "error",
      from: { pathNot: ["/(http|routes|pages)/", String.raw`/service\.ts$`, "^bench/"] },
      to: { path: npm("koa", "@koa/router", "koa-body", "koa__router") },
    },
    {
      name: "sql-at-its-door",
      comment:
        "Who may touch tables is a short list, so that the owner of each table can be named. The rest takes functions that say what they find or keep.",
      severity: "error",
      from: {
        pathNot: [
          "/(postgres|partitions|read-model|projections|queries|identity|files|migrations)/",
          "^command-api/src/partition-owner/snapshot",
          "^realtime/src/(catch-up|device-cursors|audience)",
          // All that the projector does is to keep rows; only its joints are kept free of SQL.
          String.raw`^projector/src/(?!(main|config|service)\.ts$)`,
          "^deploy/(embedded|migrate)/",
          "^shared/src/testing/",
          "^bench/",
          String.raw`\.int\.spec\.ts$`,
        ],
      },
      // A factory may name the type of a pool that it hands on.
      to: { path: npm("pg", "pg-[a-z-]+", "knex"), dependencyTypesNot: ["type-only"] },
    },
    {
      name: "main-is-the-top",
      comment:
        "The environment is read and real things are joined in main.ts only. What is below gets its settings as arguments, which is why a spec needs no environment.",
      severity: "error",
      from: { pathNot: [String.raw`/main\.ts$`, spec] },
      to: { path: String.raw`^(${service}/src|deploy/[a-z-]+|bench/src)/(main|config)\.ts$` },
    },
    {
      name: "main-is-nobodys-import",
      comment:
        "main.ts acts when it is loaded. Whoever imports one starts a process by accident; only the list of an operator's orders does so on purpose.",
      severity: "error",
      from: { pathNot: String.raw`^deploy/chat/main\.ts$` },
      to: { path: String.raw`/main\.ts$`, pathNot: "^node_modules/" },
    },
    {
      name: "black-box-stays-black",
      comment:
        "Stories and measurements use the system as a client does, HTTP and WebSocket. One that reaches inside proves less than it seems to.",
      severity: "error",
      from: { path: "^(e2e|bench)/" },
      to: { path: `^(${service}|deploy)/` },
    },
    {
      name: "client-stands-alone",
      comment: "The client runs in browsers, as it is: of everything else it knows types, which are gone when it runs.",
      severity: "error",
      from: { path: "^client/", pathNot: [spec, "^client/src/testing/"] },
      to: { pathNot: "^client/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "testing-is-for-specs",
      comment: "What starts databases for specs must not come along into a service.",
      severity: "error",
      from: {
        pathNot: [
          spec,
          String.raw`\.contract\.ts$`,
          "^shared/src/testing/",
          "^deploy/embedded/testing/",
          "^(e2e|bench)/",
        ],
      },
      to: { path: "^shared/src/testing/" },
    },
    {
      name: "specs-are-nobodys-import",
      comment: "A spec that is imported runs twice, and what it shares belongs in a file with a name of its own.",
      severity: "error",
      from: {},
      to: { path: spec },
    },
    {
      name: "no-cycles",
      comment:
        "Files that know each other in a circle cannot be read, tested or moved one at a time; types count, for a reader follows them as well.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "declare-what-you-import",
      comment:
        "A workspace must work when it is installed alone. A package that is found only because another workspace asked for it goes away with that one.",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"], pathNot: specTools },
    },
    ...declareSiblings(),
    {
      name: "every-import-leads-somewhere",
      comment: "An import that leads nowhere is found here and not at the first start.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(data|coverage)/" },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "node", "default"],
      extensions: [".ts", ".js", ".cjs", ".mjs", ".json", ".d.ts"],
    },
  },
};
