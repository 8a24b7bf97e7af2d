import { describe, expect, it } from "vitest";
import { InvalidReferenceError } from "../src/invalid-reference-error.ts";
import { parseReference, safeParseReference } from "../src/parse-reference.ts";
import { credentialKey, registryHost } from "../src/registry-host.ts";
import { errorClasses, vectors } from "./vectors.ts";

describe("the vectors", () => {
  for (const vector of vectors) {
    const title = vector.input.length > 60 ? `${vector.input.slice(0, 60)}…` : vector.input;
    if (vector.ok) {
      it(`takes ${JSON.stringify(title)}: ${vector.note}`, () => {
        const reference = parseReference(vector.input);
        expect(reference).toMatchObject({ domain: vector.domain, path: vector.path });
        expect(reference.name).toBe(`${vector.domain}/${vector.path}`);
        expect(reference.tag ?? null).toBe(vector.tag);
        expect(reference.digest ?? null).toBe(vector.digest);
        expect(reference.toString()).toBe(vector.canonical);
        expect(reference.familiar()).toBe(vector.familiar);
        expect(registryHost(reference)).toBe(vector.apiHost);
        expect(credentialKey(reference)).toBe(vector.authKey);
        const completed = parseReference(vector.input, { defaultTag: "latest" });
        const pulled = completed.digest === undefined ? completed : completed.with({ tag: undefined });
        expect(pulled.toString()).toBe(vector.withDefaultTag);
      });
    } else {
      it(`refuses ${JSON.stringify(title)}: ${vector.note}`, () => {
        const result = safeParseReference(vector.input);
        expect(result.ok).toBe(false);
        if (result.ok) return;
        expect(result.error).toBeInstanceOf(InvalidReferenceError);
        expect(errorClasses[result.error.code]).toBe(vector.errorClass ?? "format");
      });
    }
  }
});
