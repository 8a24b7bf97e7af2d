import { type MappedSpan, type MappedText, verbatim } from "./mapped-text.ts";

/** What is needed of a YAML parser: `parseAllDocuments` of the `yaml` package is one. */
export type ParseYaml = (text: string) => readonly YamlDocument[];

/** A document, with nodes as the `yaml` package has them. */
export interface YamlDocument {
  readonly contents: unknown;
  readonly errors: readonly { readonly message: string; readonly pos: readonly [number, number] }[];
}

/** What a node may have; which of it there is tells what it is. */
interface Node {
  readonly items?: readonly { readonly key?: unknown; readonly value?: unknown }[];
  readonly value?: unknown;
  readonly range?: readonly [number, number, number] | null;
  readonly resolve?: (document: never) => unknown;
}

/** A scalar that is text, and where it stands. */
export interface YamlText {
  readonly value: MappedText;
  readonly span: MappedSpan;
}

/** Reads the nodes of one document, aliases followed, merge keys (`<<`) looked into. */
export class YamlReader {
  readonly #text: string;
  readonly #document: YamlDocument;

  constructor(text: string, document: YamlDocument) {
    this.#text = text;
    this.#document = document;
  }

  get root(): unknown {
    return this.#document.contents;
  }

  /** The entries of a mapping; nothing of anything else. */
  *entries(node: unknown): Generator<[key: string, value: unknown]> {
    for (const item of this.#resolve(node)?.items ?? []) {
      if (typeof item !== "object" || item === null || !("key" in item)) continue;
      const key = this.#resolve(item.key)?.value;
      if (typeof key === "string") yield [key, item.value];
    }
  }

  /** The items of a sequence; nothing of anything else. */
  *items(node: unknown): Generator<unknown> {
    for (const item of this.#resolve(node)?.items ?? []) {
      if (typeof item === "object" && item !== null && !("key" in item)) yield item;
    }
  }

  /** The value of a key: its own, or else what is merged in, the first that has it. */
  get(node: unknown, key: string, seen: Set<unknown> = new Set()): unknown {
    const mapping = this.#resolve(node);
    // Mappings may merge each other in a circle, or one many times.
    if (seen.has(mapping)) return undefined;
    seen.add(mapping);
    const merged: unknown[] = [];
    for (const [name, value] of this.entries(mapping)) {
      if (name === key) return value;
      if (name === "<<") merged.push(value, ...this.items(value));
    }
    for (const other of merged) {
      const value = this.get(other, key, seen);
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** The text of a scalar. */
  string(node: unknown): YamlText | undefined {
    const scalar = this.#resolve(node);
    if (typeof scalar?.value !== "string" || !scalar.range) return undefined;
    const { value } = scalar;
    const [start, end] = scalar.range;
    const written = this.#text.slice(start, end);
    const quoted = written.slice(1, -1) === value && /^["']/.test(written);
    const exact = quoted || written === value;
    const offset = quoted ? start + 1 : start;
    return {
      value: exact ? verbatim(value, offset) : { text: value, offsets: [] },
      span: { offset, length: quoted ? value.length : end - start, exact },
    };
  }

  #resolve(node: unknown): Node | undefined {
    if (typeof node !== "object" || node === null) return undefined;
    // Which members it has is looked at one by one, where they are read.
    const found = node as Node;
    // The document is the parser's own: it takes it back as it gave it.
    return found.resolve === undefined ? found : this.#resolve(found.resolve(this.#document as never));
  }
}
