import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { parse } from "yaml";

interface Called {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: unknown;
}

interface Operation {
  readonly responses: Readonly<Record<string, unknown>>;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const FILE = "docs/openapi.yaml";
/** What a path that is nothing, or takes no such method, is answered; no document has a place for it. */
const NOTHING: readonly number[] = [404, 405];

/** A function that throws when an answer is not as the document of the API says. For every call that a story makes. */
export function createAnswerCheck(): (called: Called) => void {
  const document = parse(readFileSync(join(import.meta.dirname, "../../..", FILE), "utf8")) as OpenApi;
  // The document's own words (`discriminator`, `servers`…) are no keywords of JSON Schema.
  const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, "api");
  const templates = Object.keys(document.paths)
    .map((path) => ({ path, expression: expressionOf(path) }))
    .sort((one, other) => parametersOf(one.path) - parametersOf(other.path));
  const compiled = new Map<string, ValidateFunction>();

  function validatorOf(pointer: string): ValidateFunction {
    const known = compiled.get(pointer) ?? ajv.compile({ $ref: `api#${pointer}` });
    compiled.set(pointer, known);
    return known;
  }

  return ({ method, path, status, contentType, body }) => {
    const bare = new URL(path, "http://chat").pathname;
    const template = templates.find(({ expression }) => expression.test(bare.replace(/^\/api(?=\/)/, "")))?.path;
    const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
    const name = `${method} ${bare} → ${status}`;
    if (template === undefined || operation === undefined) {
      if (!NOTHING.includes(status)) throw new Error(`${name}: ${FILE} has no such call`);
      return;
    }
    const documented = operation.responses[status];
    if (documented === undefined) throw new Error(`${name}: ${FILE} does not name this status`);
    const [type = ""] = (contentType ?? "").split(";");
    const response = `/paths/${escaped(template)}/${method.toLowerCase()}/responses/${String(status)}`;
    const place = hasReference(documented) ? documented.$ref.slice(1) : response;
    const content = contentOf(hasReference(documented) ? lookUp(document, documented.$ref) : documented);
    if (content === undefined) {
      if (body !== undefined) throw new Error(`${name}: ${FILE} knows of no body`);
      return;
    }
    // A file is of any type.
    if ("*/*" in content) return;
    if (!(type in content)) throw new Error(`${name}: ${FILE} does not know ${type}`);
    if (!type.endsWith("json")) return;
    const isValid = validatorOf(`${place}/content/${escaped(type)}/schema`);
    if (!isValid(body))
      throw new Error(`${name} is not as ${FILE} says: ${ajv.errorsText(isValid.errors)}: ${JSON.stringify(body)}`);
  };
}

const expressionOf = (template: string): RegExp => new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`);
const parametersOf = (template: string): number => template.split("{").length - 1;
/** As a part of a JSON pointer in a URI. */
const escaped = (part: string): string => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

function hasReference(response: unknown): response is { readonly $ref: string } {
  return typeof response === "object" && response !== null && "$ref" in response;
}

function contentOf(response: unknown): Readonly<Record<string, unknown>> | undefined {
  return (response as { readonly content?: Readonly<Record<string, unknown>> }).content;
}

function lookUp(document: object, reference: string): unknown {
  return reference
    .split("/")
    .slice(1)
    .reduce<unknown>((found, part) => (found as Readonly<Record<string, unknown>>)[part], document);
}
