import { dockerEngineAnswers } from "./deploy/checks/docker-engine.ts";
import { goAnswers } from "./deploy/checks/go-toolchain.ts";

const common = {
  testEnvironment: "node",
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "es6" } },
    ],
  },
  extensionsToTreatAsEsm: [".ts"],
  // A running database's folder is no place to look for specs, and changes while one looks.
  modulePathIgnorePatterns: ["<rootDir>/data/"],
};

/** Asked only by who runs them: an engine that is asleep takes a while to say so. */
const withContainers =
  !["containers", "kafka-proofs", "compose"].some((name) => process.argv.includes(name)) ||
  dockerEngineAnswers(process.env);

const withGo = !process.argv.includes("proofs") || goAnswers();

const nothing = { testPathIgnorePatterns: ["/"] };

/** A spec's suffix says its cost: `.spec` no I/O to speak of, `.int.spec` a database or a process, `.containers.spec` a Docker engine, `.e2e.spec` the whole system, `.proof.spec` minutes. */
export default {
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["**/*.spec.ts"],
      testPathIgnorePatterns: ["/node_modules/", "\\.(int|containers|e2e|proof)\\.spec\\.ts$"],
    },
    {
      ...common,
      displayName: "int",
      testMatch: ["**/*.int.spec.ts"],
      globalSetup: "<rootDir>/shared/src/testing/before-int-specs.ts",
      globalTeardown: "<rootDir>/shared/src/testing/after-int-specs.ts",
    },
    {
      ...common,
      displayName: "containers",
      ...(withContainers
        ? {
            testMatch: ["**/*.containers.spec.ts"],
            testPathIgnorePatterns: ["/node_modules/", "/e2e/src/compose/"],
            globalSetup: "<rootDir>/shared/src/testing/before-container-specs.ts",
            globalTeardown: "<rootDir>/shared/src/testing/after-container-specs.ts",
          }
        : nothing),
    },
    {
      ...common,
      displayName: "proofs",
      testMatch: ["**/*.proof.spec.ts"],
      testPathIgnorePatterns: [
        "/node_modules/",
        "\\.containers\\.proof\\.spec\\.ts$",
        ...(withGo ? [] : ["/s3-file-store\\.proof\\.spec\\.ts$"]),
      ],
      globalSetup: "<rootDir>/shared/src/testing/before-int-specs.ts",
      globalTeardown: "<rootDir>/shared/src/testing/after-int-specs.ts",
    },
    {
      ...common,
      displayName: "kafka-proofs",
      ...(withContainers
        ? {
            testMatch: ["**/*.containers.proof.spec.ts"],
            globalSetup: "<rootDir>/shared/src/testing/before-container-specs.ts",
            globalTeardown: "<rootDir>/shared/src/testing/after-container-specs.ts",
          }
        : nothing),
    },
    {
      ...common,
      displayName: "compose",
      ...(withContainers ? { testMatch: ["<rootDir>/e2e/src/compose/*.containers.spec.ts"] } : nothing),
    },
    { ...common, displayName: "e2e", testMatch: ["**/*.e2e.spec.ts"] },
  ],
};
