import { defineConfig, globalIgnores } from "eslint/config";
import jest from "eslint-plugin-jest";
import tseslint from "typescript-eslint";

const environmentMessage = "The environment is read in main.ts only; below it, settings are arguments.";
const noEnvironment = {
  "no-restricted-properties": ["error", { object: "process", property: "env", message: environmentMessage }],
  "no-restricted-imports": [
    "error",
    {
      paths: [
        { name: "node:process", importNames: ["env"], message: environmentMessage },
        { name: "process", message: "Write node:process." },
      ],
    },
  ],
};

const plainFunctions = [
  {
    selector: "ClassDeclaration[superClass=null], ClassExpression[superClass=null]",
    message: "Factories, not classes: createX({ dependencies }) returns functions. Only errors extend something.",
  },
  {
    selector: "ExportDefaultDeclaration",
    message: "A name is chosen once, where the thing is made: export it by that name.",
  },
];

/** Through it everything can be had that is restricted by its name. */
const noWayRound = { name: "globalThis", message: "Name what you want of it, so that the rules see it." };

const noChance = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0], CallExpression[callee.name='Date']",
    message: "The domain has no clock: the time comes in the command.",
  },
  {
    selector: "MemberExpression[object.name='Date'][property.name='now']",
    message: "The domain has no clock: the time comes in the command.",
  },
  {
    selector: "VariableDeclarator[init.name=/^(Math|Date)$/]",
    message: "The domain has no clock and no chance: what is taken out of Math or Date is not seen to be harmless.",
  },
  {
    selector: "MemberExpression[object.name='Math'][property.name='random']",
    message: "The domain has no chance in it: ids come in the command.",
  },
];

const noSql = {
  selector:
    "TemplateElement[value.raw=/\\b(SELECT\\s[^]*\\sFROM|INSERT\\s+INTO|DELETE\\s+FROM|UPDATE\\s[^]*\\sSET)\\s/i], " +
    "Literal[value=/\\b(SELECT\\s[^]*\\sFROM|INSERT\\s+INTO|DELETE\\s+FROM|UPDATE\\s[^]*\\sSET)\\s/i]",
  message: "SQL stands in the rooms that own tables (sql-at-its-door in .dependency-cruiser.cjs).",
};
/** The same rooms as in `.dependency-cruiser.cjs`, which sees imports; this rule sees text. */
const sqlRooms = [
  "**/{postgres,partitions,read-model,projections,queries,identity,files,migrations}/**",
  "command-api/src/partition-owner/snapshot*.ts",
  "realtime/src/{catch-up,device-cursors,audience}*.ts",
  "projector/src/**",
  "deploy/{embedded,migrate}/**",
  "shared/src/testing/**",
  "bench/**",
  "**/*.spec.ts",
];

export default defineConfig(
  globalIgnores(["data/", "coverage/", "web/dist/", "**/node_modules/"]),
  { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.ts", "web/**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      ...noEnvironment,
      "no-restricted-globals": ["error", noWayRound],
      "no-restricted-syntax": ["error", ...plainFunctions, noSql],
      "no-console": "error",
      eqeqeq: "error",
      "prefer-const": "error",
      "no-var": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "separate-type-imports" }],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        // A `default` does not excuse a missing case: a new event type must be met by every switch over events.
        { allowDefaultCaseForExhaustiveSwitch: true, requireDefaultForNonUnion: false },
      ],
      "@typescript-eslint/prefer-nullish-coalescing": "error",
      "@typescript-eslint/prefer-optional-chain": "error",
      // Numbers and flags read well in messages; objects and null do not.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // A factory's `let stopped` changes in another closure while one awaits; the rule takes the second look for needless.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // There are no enums of our own, and a package's declared one may be narrower than what it takes.
      "@typescript-eslint/no-unsafe-enum-assignment": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // Factories return functions: nothing here has a `this` that could be lost.
      "@typescript-eslint/unbound-method": "off",
      // `async` without `await` turns a throw into a rejection, which is what a port's signature promises.
      "@typescript-eslint/require-await": "off",
      // `parse<T>(…)` at the edge says what the caller expects.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
    },
  },
  { files: sqlRooms, ignores: ["**/*.js"], rules: { "no-restricted-syntax": ["error", ...plainFunctions] } },
  {
    files: ["**/domain/**/*.ts"],
    ignores: ["**/*.spec.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...plainFunctions, noSql, ...noChance],
      "no-restricted-globals": [
        "error",
        noWayRound,
        ...["crypto", "performance", "process", "fetch", "setTimeout", "setInterval", "setImmediate"].map((name) => ({
          name,
          message: "The domain is pure: what it needs comes in the command.",
        })),
      ],
    },
  },
  {
    files: ["**/main.ts"],
    rules: { "no-restricted-properties": "off", "no-restricted-imports": "off", "no-console": "off" },
  },
  // What starts databases for specs is the main.ts of a run of specs.
  { files: ["shared/src/testing/**/*.ts"], rules: { "no-restricted-properties": "off" } },
  { files: ["bench/**/*.ts", "deploy/checks/**/*.ts", "deploy/migrate/**/*.ts"], rules: { "no-console": "off" } },
  {
    files: ["**/*.spec.ts", "**/*.contract.ts"],
    extends: [jest.configs["flat/recommended"]],
    settings: { jest: { version: 30 } },
    rules: {
      "no-restricted-globals": "off",
      "jest/no-focused-tests": "error",
      "jest/no-disabled-tests": "error",
      "jest/prefer-importing-jest-globals": "error",
      "jest/expect-expect": [
        "error",
        { assertFunctionNames: ["expect", "expect*", "fc.assert", "given.**", "**.then", "eventually", "check*"] },
      ],
      // Specs and contracts wrap `it` (a database per rule, a case per row); expect then stands in the wrapped function.
      "jest/no-standalone-expect": "off",
    },
  },
  // A contract is a spec with its subject left open; the adapters' specs are what runs it.
  {
    files: ["**/*.contract.ts"],
    rules: {
      "jest/no-export": "off",
      "jest/expect-expect": "off",
      "jest/valid-title": ["error", { ignoreTypeOfTestName: true, ignoreTypeOfDescribeName: true }],
    },
  },
);
