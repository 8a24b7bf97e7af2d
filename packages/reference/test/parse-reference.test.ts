import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type InvalidReferenceCode,
  InvalidReferenceError,
  isInvalidReferenceError,
} from "../src/invalid-reference-error.ts";
import { parseReference, safeParseReference } from "../src/parse-reference.ts";
import { credentialKey, registryHost } from "../src/registry-host.ts";
import { hostileText, referenceText } from "./arbitraries.ts";
import { errorClasses, vectors } from "./vectors.ts";

const hex64 = "7cc4b5aefd1d0cadf8d97d4350462ba51c694ebca145b08d7d41b41acc8db5aa";

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

describe("parseReference", () => {
  it("prints what parses to the same", () => {
    fc.assert(
      fc.property(referenceText, (input) => {
        const reference = parseReference(input);
        const printed = reference.toString();
        expect(parseReference(printed)).toEqual(reference);
        expect(parseReference(printed).toString()).toBe(printed);
        // Of Docker Hub's names, 64 hex digits and first components like a host's are those whose familiar form is
        // read as something else: distribution/reference's is, too.
        const familiar = reference.familiar();
        if (
          !/^([a-f0-9]{64}|[^/]*\.[^/]*\/.*|localhost\/.*)$/.test(familiar) ||
          reference.domain !== "docker.io"
        ) {
          expect(parseReference(familiar)).toEqual(reference);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps every written part", () => {
    fc.assert(
      fc.property(referenceText, (input) => {
        const { tag, digest, path } = parseReference(input);
        if (tag !== undefined) expect(input).toContain(`:${tag}`);
        if (digest !== undefined) expect(input.endsWith(`@${digest}`)).toBe(true);
        expect(input).toContain(path.replace(/^library\//, ""));
      }),
    );
  });

  it("takes as a path exactly what the grammar's expression matches", () => {
    const component = "[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*";
    const grammar = new RegExp(`^${component}(?:/${component})*$`);
    const pieces = fc.constantFrom(..."az09/._-", "__", "___", "--", "Z", ":", "\u0161");
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 9 }), (parts) => {
        const path = parts.join("");
        expect(safeParseReference(`example.com/${path}:tag`).ok, path).toBe(grammar.test(path));
      }),
      { numRuns: 20_000 },
    );
  });

  it("refuses what shares its low seven bits with a character that may stand there", () => {
    const digest = `sha256:${hex64}`;
    for (const valid of ["foo_bar/baz-a.b", "localhost:5000/foo", "foo:v1.0-beta_2", `foo@${digest}`]) {
      for (let at = 0; at < valid.length; at++) {
        for (const bit of [0x80, 0x100, 0x2100]) {
          const twin = String.fromCharCode(valid.charCodeAt(at) + bit);
          const input = valid.slice(0, at) + twin + valid.slice(at + 1);
          expect(safeParseReference(input).ok, JSON.stringify(input)).toBe(false);
        }
      }
    }
  });

  it("finds the one character of a digest that is no hex digit, wherever it is", () => {
    for (let at = 0; at < hex64.length; at++) {
      for (const wrong of ["g", "G", "`", ":", "@", "\u0161"]) {
        const input = `foo@sha256:${hex64.slice(0, at)}${wrong}${hex64.slice(at + 1)}`;
        const result = safeParseReference(input);
        expect(result.ok ? -1 : result.error.offset, JSON.stringify(input)).toBe(11 + at);
      }
    }
  });

  it("throws nothing but its error, whose span lies in the input and whose message is plain", () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, fc.string({ unit: "binary", maxLength: 300 })), (input) => {
        const result = safeParseReference(input);
        if (result.ok) return;
        const { offset, length, hint, message } = result.error;
        expect(result.error.input).toBe(input);
        expect(offset).toBeGreaterThanOrEqual(0);
        expect(length).toBeGreaterThanOrEqual(0);
        expect(offset + length).toBeLessThanOrEqual(input.length);
        expect(hint).not.toBe("");
        expect(message).toMatch(/^[ -~]*$/);
      }),
      { numRuns: 5_000 },
    );
  });

  it("takes linear time over hostile inputs of 100 kB", () => {
    const size = 100_000;
    const hostile = [
      "a",
      "a-",
      "-",
      "a.",
      ".",
      "_",
      "a_",
      "A",
      "a/",
      "/",
      ":",
      "a:",
      "@",
      "a@",
      "[",
      "[:",
      "0",
      "é",
      " ",
      "://",
      "a:a@",
    ];
    for (const piece of hostile) {
      for (const input of [
        piece.repeat(size / piece.length),
        `x.y/${piece.repeat(size / piece.length)}`,
        `x@sha256:${piece.repeat(size / piece.length)}`,
      ]) {
        safeParseReference(input);
        const start = performance.now();
        safeParseReference(input);
        // The promise is 10 ms; the margin is for a busy machine. Quadratic time would be seconds.
        expect(performance.now() - start, piece).toBeLessThan(2_000);
      }
    }
  });

  const spans: [input: string, code: InvalidReferenceCode, offset: number, length: number, hint: RegExp][] = [
    ["", "EMPTY", 0, 0, /ubuntu/],
    ["https://ghcr.io/owner/app", "SCHEME", 0, 8, /leave https:\/\/ out/],
    ["docker://ubuntu", "SCHEME", 0, 9, /leave docker:\/\/ out/],
    [hex64, "IDENTIFIER", 0, 64, /NAME@sha256:7cc4/],
    ["ubuntu 22", "CHARACTER_INVALID", 6, 1, /white space/],
    ["ubuntu\r\n", "CHARACTER_INVALID", 6, 2, /white space/],
    ["b\u00fccher.example/app", "CHARACTER_INVALID", 1, 1, /punycode/],
    ["ubuntu%20", "CHARACTER_INVALID", 6, 1, /a-z/],
    ["foo+bar", "CHARACTER_INVALID", 3, 1, /a-z/],
    ["foo_bar.com/baz", "DOMAIN_INVALID", 3, 1, /letters, digits/],
    ["docker-.com/x", "DOMAIN_INVALID", 7, 1, /inner dashes/],
    ["fc00::1:5000/debian", "DOMAIN_INVALID", 0, 12, /\[::1\]:5000/],
    ["[fe80::1%eth0]/x", "CHARACTER_INVALID", 8, 1, /./],
    ["[::g]/x", "DOMAIN_INVALID", 0, 5, /\[::1\]:5000/],
    ["host:abc/repo", "PORT_INVALID", 5, 3, /digits/],
    ["host:/repo", "PORT_INVALID", 5, 0, /digits/],
    ["example.com/", "NAME_EMPTY", 12, 0, /name/],
    ["docker///docker", "NAME_EMPTY", 7, 0, /single slashes/],
    ["/ubuntu", "NAME_EMPTY", 0, 0, /name/],
    [":tag", "NAME_EMPTY", 0, 0, /name/],
    ["foo/dock_.er", "NAME_INVALID", 9, 1, /join/],
    ["foo/bar-", "NAME_INVALID", 8, 0, /join/],
    ["ghcr.io/Owner/app:1", "NAME_UPPERCASE", 8, 9, /write owner\/app/],
    [`example.com/${"a".repeat(260)}`, "NAME_TOO_LONG", 267, 5, /shorten/],
    ["a".repeat(250), "NAME_TOO_LONG", 247, 3, /shorten/],
    ["foo:", "TAG_EMPTY", 4, 0, /no colon/],
    ["foo:.tag", "TAG_INVALID", 4, 1, /begin with/],
    ["foo.com/bar:80/baz", "TAG_INVALID", 14, 1, /port comes before/],
    [`foo:${"t".repeat(130)}`, "TAG_TOO_LONG", 132, 2, /shorten/],
    ["foo:a:b", "TAG_REPEATED", 5, 2, /one tag/],
    [`foo@sha256:${hex64}:tag`, "TAG_AFTER_DIGEST", 75, 4, /before the @/],
    ["foo@", "DIGEST_EMPTY", 4, 0, /sha256:/],
    ["foo@sha256:", "DIGEST_EMPTY", 11, 0, /64 lower-case/],
    ["foo@latest", "DIGEST_INVALID", 4, 6, /sha256:/],
    [`foo@sha256:${hex64.slice(1)}g`, "DIGEST_INVALID", 74, 1, /hex/],
    [`foo@sha256:${hex64.slice(5)}`, "DIGEST_LENGTH", 11, 59, /5 digits too few/],
    [`foo@sha256:${hex64}ab`, "DIGEST_LENGTH", 11, 66, /2 digits too many/],
    [`foo@sha256:${hex64.toUpperCase()}`, "DIGEST_UPPERCASE", 4, 71, /write sha256:7cc4/],
    [`foo@blake3:${hex64}`, "DIGEST_UNSUPPORTED", 4, 6, /sha256 or sha512/],
  ];
  for (const [input, code, offset, length, hint] of spans) {
    it(`says ${code} of ${JSON.stringify(input.slice(0, 40))}, and where`, () => {
      const result = safeParseReference(input);
      expect(result.ok).toBe(false);
      if (result.ok) return;
      expect({ code: result.error.code, offset: result.error.offset, length: result.error.length }).toEqual({
        code,
        offset,
        length,
      });
      expect(result.error.hint).toMatch(hint);
      expect(result.error.message).toContain(code);
    });
  }

  it("reaches every code but the pattern's", () => {
    const reached = new Set(spans.map(([, code]) => code));
    const all = Object.keys(errorClasses).filter((code) => code !== "PATTERN_INVALID");
    expect(all.filter((code) => !reached.has(code as InvalidReferenceCode))).toEqual([]);
  });

  it("completes with the defaults it is given", () => {
    const options = { defaultDomain: "registry.example.com:5000", defaultTag: "stable" };
    expect(parseReference("app", options).toString()).toBe("registry.example.com:5000/app:stable");
    expect(parseReference("team/app:1", options).toString()).toBe("registry.example.com:5000/team/app:1");
    expect(parseReference(`app@sha256:${hex64}`, options).tag).toBeUndefined();
    expect(parseReference("ghcr.io/team/app", options).toString()).toBe("ghcr.io/team/app:stable");
    expect(parseReference("app", { ...options, defaultNamespace: "team" }).path).toBe("team/app");
    expect(parseReference("app", { defaultNamespace: "team" }).name).toBe("docker.io/team/app");
    expect(parseReference("docker.io/app", { defaultNamespace: "team" }).name).toBe("docker.io/library/app");
    expect(parseReference("app", { defaultDomain: "index.docker.io" }).name).toBe("docker.io/library/app");
  });

  it("refuses a default that is not well-formed, and names it", () => {
    for (const [options, input, code] of [
      [{ defaultDomain: "registry" }, "registry", "DOMAIN_INVALID"],
      [{ defaultDomain: "" }, "", "DOMAIN_INVALID"],
      [{ defaultDomain: "a b.c" }, "a b.c", "DOMAIN_INVALID"],
      [{ defaultNamespace: "Team" }, "Team", "NAME_UPPERCASE"],
      [{ defaultTag: "-x" }, "-x", "TAG_INVALID"],
    ] as const) {
      const result = safeParseReference("app", options);
      expect(result).toMatchObject({ ok: false, error: { input, code } });
    }
  });
});

describe("InvalidReferenceError", () => {
  it("is recognised across copies of the package, and nothing else is", () => {
    const error = new InvalidReferenceError("x", "EMPTY", 0, 0, "hint");
    expect(isInvalidReferenceError(error)).toBe(true);
    expect(error.name).toBe("InvalidReferenceError");
    expect(isInvalidReferenceError({ [Symbol.for("@reg/reference/error")]: true })).toBe(true);
    for (const other of [new Error("x"), undefined, null, "x", 1, {}])
      expect(isInvalidReferenceError(other)).toBe(false);
  });

  it("shows no control character, and cuts what is long", () => {
    const { message } = new InvalidReferenceError(
      `\u001b[31m\u202e${"x".repeat(9_000)}`,
      "EMPTY",
      0,
      0,
      "hint",
    );
    expect(message).toMatch(/^[ -~]*$/);
    expect(message.length).toBeLessThan(400);
  });
});
