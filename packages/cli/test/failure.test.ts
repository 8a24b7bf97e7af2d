import { AuthError, ContentError, InvalidReferenceError, RegistryError, TransportError } from "@reg/sdk";
import { describe, expect, test } from "vitest";
import { describeFailure, failureDocument, failureLine } from "../src/failure.ts";
import { CommandError, UsageError } from "../src/usage-error.ts";

describe("exit codes of errors", () => {
  test.each([
    [new UsageError("x"), 2],
    [new TransportError("CONFIG", "x"), 2],
    [new AuthError("CONFIG", "x"), 2],
    [new RegistryError("NOT_FOUND", "x"), 3],
    [new ContentError("NOT_FOUND", "x"), 3],
    [new RegistryError("UNAUTHENTICATED", "x"), 4],
    [new RegistryError("FORBIDDEN", "x"), 4],
    [new AuthError("UNAUTHENTICATED", "x"), 4],
    [new TransportError("NETWORK", "x"), 5],
    [new TransportError("TIMEOUT", "x"), 5],
    [new TransportError("TLS", "x"), 5],
    [new TransportError("TRUNCATED", "x"), 5],
    [new ContentError("DIGEST_MISMATCH", "x"), 6],
    [new RegistryError("SIZE_MISMATCH", "x"), 6],
    [new TransportError("POLICY_REFUSED", "x"), 7],
    [new AuthError("POLICY_REFUSED", "x"), 7],
    [new ContentError("SIZE_EXCEEDED", "x"), 7],
    [new RegistryError("RATE_LIMITED", "x"), 1],
    [new RegistryError("UNAVAILABLE", "x"), 1],
    [new RegistryError("UNSUPPORTED", "x"), 1],
    [new ContentError("STORAGE", "x"), 1],
    [new Error("x"), 1],
    ["thrown", 1],
  ])("%o", (error, exit) => {
    expect(describeFailure(error).exit).toBe(exit);
  });

  test("a reference that is none is wrong usage, whatever its code", async () => {
    const { parseReference } = await import("@reg/sdk");
    for (const input of ["Foo", "a:b:c", "", "a@sha256:1"]) {
      try {
        parseReference(input);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidReferenceError);
        expect(describeFailure(error).exit).toBe(2);
      }
    }
  });
});

describe("the line", () => {
  test("has the next step after what went wrong, once", () => {
    const error = new RegistryError("NOT_FOUND", "no such tag.", { registry: "ghcr.io", repository: "a/b" });
    expect(failureLine(describeFailure(error))).toBe(
      "reg: no such tag; `reg tags ghcr.io/a/b` lists what there is",
    );
    const unknown = { registry: "ghcr.io", repository: "a/b", errors: [{ code: "NAME_UNKNOWN" }] };
    const noRepository = describeFailure(new RegistryError("NOT_FOUND", "no such repository", unknown));
    expect(noRepository.hint).toBe("`reg catalog ghcr.io` lists its repositories");
    expect(describeFailure(error, "tags").hint).toBe("`reg catalog ghcr.io` lists its repositories");
    const hub = new RegistryError("NOT_FOUND", "no", { registry: "docker.io", repository: "library/x" });
    expect(describeFailure(hub, "tags").hint).toBe("check its name");
    const said = new TransportError("NETWORK", "the name does not resolve; look at the DNS");
    expect(failureLine(describeFailure(said))).toBe("reg: the name does not resolve; look at the DNS");
  });

  test("names the file where the system's own message does not", () => {
    const error = Object.assign(new Error("ENOENT: no such file or directory, open 'x.pem'"), {
      code: "ENOENT",
      path: "x.pem",
    });
    expect(failureLine(describeFailure(error))).toBe("reg: x.pem: no such file or folder");
  });

  test("is one line, whatever the message", () => {
    expect(failureLine(describeFailure(new Error("a\r\n  b\nc")))).toBe("reg: a b c");
  });
});

test("the document has the registry's errors as they came, and no next step", () => {
  const errors = [{ code: "DENIED", message: "no", detail: { a: 1 } }];
  const error = new RegistryError("FORBIDDEN", "refused", { status: 403, errors });
  expect(failureDocument(describeFailure(error))).toEqual({
    error: { code: "FORBIDDEN", message: "refused", status: 403, errors },
  });
  expect(failureDocument(describeFailure(new CommandError("X", "y", { hint: "z" })))).toEqual({
    error: { code: "X", message: "y" },
  });
});
