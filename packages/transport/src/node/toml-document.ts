import { parse } from "smol-toml";
import { TransportError } from "../errors.ts";

/** A table of a TOML file, read with care: a value of the wrong kind is an error that names the file and the key. */
export class Table {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #where: string;

  private constructor(value: object, where: string) {
    this.#fields = new Map(Object.entries(value));
    this.#where = where;
  }

  static parse(text: string, path: string): Table {
    try {
      return new Table(parse(text), path);
    } catch (error) {
      const line =
        typeof error === "object" && error !== null && "line" in error
          ? ` in line ${String(error.line)}`
          : "";
      throw new TransportError("CONFIG", `${path} is not TOML${line}`, { cause: error });
    }
  }

  keys(): readonly string[] {
    return [...this.#fields.keys()];
  }

  string(key: string): string | undefined {
    const value = this.#fields.get(key);
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(key, "a string");
  }

  boolean(key: string): boolean | undefined {
    const value = this.#fields.get(key);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#wrong(key, "true or false");
  }

  /** One string, or a list of strings. */
  strings(key: string): readonly string[] | undefined {
    const value = this.#fields.get(key);
    if (value === undefined) return undefined;
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (list.every((one) => typeof one === "string")) return list;
    throw this.#wrong(key, "a list of strings");
  }

  table(key: string): Table | undefined {
    const value = this.#fields.get(key);
    if (value === undefined) return undefined;
    if (isTable(value)) return new Table(value, `${this.#where}, ${key}`);
    throw this.#wrong(key, "a table");
  }

  tables(key: string): readonly Table[] {
    const value = this.#fields.get(key) ?? [];
    if (Array.isArray(value) && value.every(isTable)) {
      return value.map((one, index) => new Table(one, `${this.#where}, ${key} ${index + 1}`));
    }
    throw this.#wrong(key, "a list of tables");
  }

  #wrong(key: string, kind: string): TransportError {
    return new TransportError("CONFIG", `${this.#where}: ${JSON.stringify(key)} has to be ${kind}`);
  }
}

function isTable(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
