/** Contracts in OpenAPI, and whether answers are as they say. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const CONTRACTS = join(import.meta.dirname, "..", "..", "simulator", "contracts");

interface Contract {
  paths: Record<string, Record<string, unknown>>;
}

/** What a document of OpenAPI says about the answers of a server. */
export class Answers {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly known = new Map<string, ValidateFunction>();

  private constructor(
    private readonly contract: Contract,
    private readonly base: string,
  ) {
    addFormats(this.ajv);
    this.ajv.addSchema(closed(contract), "contract");
  }

  /** @param base what all paths begin with. */
  static async of(name: string, base = ""): Promise<Answers> {
    const text = await readFile(join(CONTRACTS, `${name}.openapi.yaml`), "utf8");
    return new Answers(parse(text) as Contract, base);
  }

  /** What is wrong with an answer; nothing if it is as the contract says. */
  faults(method: string, path: string, { status, type, text }: Called): string[] {
    const pattern = Object.keys(this.contract.paths).find((each) =>
      new RegExp(`^${this.base}${each.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path),
    );
    const pointer = ["paths", pattern ?? "", method.toLowerCase(), "responses", String(status)];
    const answer = this.resolve(pointer);
    if (!answer) return [`${method} ${path} must not be answered with ${status}`];
    if (!("content" in answer.value)) return text === "" ? [] : ["there is a body"];
    if (type?.split(";")[0] !== "application/json") return [`the content type is ${type}`];
    return this.check([...answer.pointer, "content", "application/json", "schema"], JSON.parse(text));
  }

  /** What is wrong with each of the bodies that the contract gives as an example. */
  examples(at: unknown = this.contract, pointer: string[] = []): string[][] {
    if (typeof at !== "object" || at === null) return [];
    if (pointer.at(-2) === "content" && "schema" in at) {
      const { example, examples = {} } = at as {
        example?: unknown;
        examples?: Record<string, { value: unknown }>;
      };
      const bodies = [
        ...("example" in at ? [example] : []),
        ...Object.values(examples).map(({ value }) => value),
      ];
      return bodies.map((body) => this.check([...pointer, "schema"], body));
    }
    return Object.entries(at).flatMap(([name, inner]) => this.examples(inner, [...pointer, name]));
  }

  private check(pointer: string[], body: unknown): string[] {
    const validate = this.validator(pointer);
    validate(body);
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${pointer.join("/")}: ${instancePath} ${message}`,
    );
  }

  private validator(pointer: string[]): ValidateFunction {
    const $ref = `contract#/${pointer.map(escaped).join("/")}`;
    const found = this.known.get($ref) ?? this.ajv.compile({ $ref });
    this.known.set($ref, found);
    return found;
  }

  /** Answers that are the same for many paths are given by reference, which is no matter of JSON Schema. */
  private resolve(pointer: string[]): { pointer: string[]; value: object } | undefined {
    const value = pointer.reduce<unknown>(
      (at, name) => (at as Record<string, unknown>)?.[name],
      this.contract,
    );
    if (typeof value !== "object" || value === null) return undefined;
    const reference = "$ref" in value ? String(value.$ref) : undefined;
    return reference ? this.resolve(reference.split("/").slice(1)) : { pointer, value };
  }
}

function escaped(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** Objects have no properties besides those that are named: what is not in the contract must not be shown. */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map(closed) as T;
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isObject = inner.type === "object" && "properties" in inner;
  return { ...inner, ...(isObject && { additionalProperties: false }) } as T;
}

/** What became of a request. */
export interface Called {
  status: number;
  type: string | null;
  text: string;
}
