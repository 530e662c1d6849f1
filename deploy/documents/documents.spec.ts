import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import { framesFromClients } from "@chat/shared/api/frames-from-clients";
import { framesToClients } from "@chat/shared/api/frames-to-clients";
import { STREAM_FRAMES } from "@chat/shared/testing/frame-check";
import { allRoutes } from "./all-routes.ts";
import { generatedDocuments } from "./documents.ts";

interface Described {
  readonly tags?: readonly { readonly name: string }[];
  readonly paths?: Readonly<
    Record<string, Readonly<Record<string, { readonly operationId: string; readonly requestBody?: object }>>>
  >;
  readonly channels?: Readonly<Record<string, { readonly description?: string }>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { readonly examples?: readonly unknown[] }>>;
    readonly messages?: Readonly<Record<string, Message>>;
  };
}

interface Message {
  readonly name: string;
  readonly payload: object;
  readonly examples?: readonly { readonly payload: unknown }[];
}

/** What a body is, as a type of content says it. */
interface Media {
  readonly schema?: { readonly $ref?: string; readonly items?: { readonly $ref?: string } };
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

const pages = generatedDocuments().map(({ path, text }) => ({
  name: path.slice(path.lastIndexOf("/") + 1),
  path,
  text,
}));
const [openApi, asyncApi] = pages.map(({ text }) => parse(text) as Described);

describe("the documents", () => {
  it.each(pages)("$name is what the code says now; else run npm run docs", ({ path, text }) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  it.each(pages)("$name refers to nothing that it does not hold", ({ text }) => {
    const document: unknown = parse(text);
    const references = [...text.matchAll(/\$ref: "?#([^"\s]+)/g)].map(([, pointer = ""]) => pointer);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((pointer) => at(document, pointer) === undefined)).toEqual([]);
  });

  it.each(pages)(
    "$name has only schemas that a reader of JSON Schema 2020-12 takes in its strictest mode",
    ({ text }) => {
      // Where a schema of its own may refer to: JSON Schema has another word for it.
      const document = parse(text.replaceAll("#/components/schemas/", "#/$defs/")) as Described;
      const ajv = new Ajv2020({
        strict: true,
        strictRequired: false,
        allowUnionTypes: true,
        formats: { "date-time": true },
      });
      const { schemas } = document.components;
      const all = [...Object.values(schemas), ...schemasIn(document)];
      expect(all.length).toBeGreaterThan(20);
      for (const schema of all) expect(ajv.compile({ ...schema, $defs: schemas })).toBeInstanceOf(Function);
    },
  );

  it("show an example of every body and answer that has a schema, and each of them is one", () => {
    const document = JSON.parse(JSON.stringify(openApi).replaceAll("#/components/schemas/", "#/$defs/")) as Described;
    const { schemas } = document.components;
    const ajv = new Ajv2020({
      strict: true,
      strictRequired: false,
      allowUnionTypes: true,
      formats: { "date-time": true },
    });
    const shown = mediaIn(document).filter(({ schema }) => !JSON.stringify(schema ?? {}).includes("octet-stream"));
    const bodies = Object.values(document.paths ?? {}).flatMap((item) =>
      Object.values(item).flatMap(({ requestBody }) => mediaIn(requestBody)),
    );
    expect(bodies.length).toBeGreaterThan(20);
    const faults = shown.flatMap(({ schema, example, examples }) => {
      if (schema === undefined) return [];
      const name = /^#\/\$defs\/(.*)$/.exec(schema.items?.$ref ?? schema.$ref ?? "")?.[1] ?? "";
      const ofName = (schemas[name]?.examples ?? []).map((value) => (schema.items === undefined ? value : [value]));
      const values = [
        ...(example === undefined ? [] : [example]),
        ...Object.values(examples ?? {}).map(({ value }) => value),
        ...ofName,
      ];
      const validate = ajv.compile({ ...schema, $defs: schemas });
      const wrong = values.filter((value) => !validate(value));
      return values.length === 0 ? [{ schema, fault: "no example" }] : wrong.map((value) => ({ schema, fault: value }));
    });
    expect(faults).toEqual([]);
  });

  it("hold every route under each of its names, and every call under a name of its own", () => {
    const mounted = allRoutes().flatMap(({ method, paths }) => paths.map((path) => `${method} ${path}`));
    const operations = Object.entries(openApi?.paths ?? {}).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([method]) => method !== "servers")
        .map(([method, { operationId }]) => ({ call: `${method.toUpperCase()} ${path}`, operationId })),
    );
    const described = operations.map(({ call }) => call.replace(/\{(\w+)\}/g, ":$1"));
    expect(described.sort()).toEqual(mounted.sort());
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  });

  it("order the calls by all tags that there are", () => {
    const used = new Set(allRoutes().flatMap((route) => route.tags));
    expect(openApi?.tags?.map(({ name }) => name).toSorted()).toEqual([...used].toSorted());
  });

  it("hold every frame of either side", () => {
    const names = Object.values(asyncApi?.components.messages ?? {}).map(({ name }) => name);
    expect(names).toEqual([...Object.keys(framesToClients), ...Object.keys(framesFromClients)]);
  });

  it("show an example of every frame, and each of them is one", () => {
    const { components } = JSON.parse(
      JSON.stringify(asyncApi).replaceAll("#/components/schemas/", "#/$defs/"),
    ) as Described;
    const ajv = new Ajv2020({ allowUnionTypes: true, formats: { "date-time": true } });
    const faults = Object.values(components.messages ?? {}).filter(({ payload, examples }) => {
      const isOne = ajv.compile({ ...payload, $defs: components.schemas });
      return examples?.length !== 1 || !examples.every((example) => isOne(example.payload));
    });
    expect(faults).toEqual([]);
  });

  it("name every frame that a quiet socket is not told", () => {
    const said = asyncApi?.channels?.["stream"]?.description ?? "";
    const without = /quiet=1 without (.*?)\./.exec(said)?.[1] ?? "";
    expect([...without.matchAll(/`(\w+)`/g)].map(([, type]) => type)).toEqual([...STREAM_FRAMES]);
  });
});

/** Those of answers, bodies and parameters, and of frames. */
function schemasIn(value: unknown): object[] {
  if (typeof value !== "object" || value === null) return [];
  const parts = Object.entries(value).filter(([name]) => name !== "examples");
  return parts.flatMap(([name, part]: [string, unknown]) =>
    (name === "schema" || name === "payload") && typeof part === "object" && part !== null ? [part] : schemasIn(part),
  );
}

/** Those of bodies and answers, wherever they are. */
function mediaIn(value: unknown): Media[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, part]: [string, unknown]) =>
    name === "content" && isContent(part) ? Object.values(part) : mediaIn(part),
  );
}

const isContent = (part: unknown): part is Record<string, Media> => typeof part === "object" && part !== null;

function at(document: unknown, pointer: string): unknown {
  let found = document;
  for (const step of pointer.split("/").slice(1)) {
    if (typeof found !== "object" || found === null) return undefined;
    found = new Map(Object.entries(found)).get(step);
  }
  return found;
}
