import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDockerfileReferences } from "../../src/files/dockerfile.ts";

/** Role, the text in the file, and the reference where it is another. */
function found(text: string, variables?: Record<string, string>): string[] {
  return findDockerfileReferences(text, variables).map(({ role, span, value, variable }) => {
    const written = text.slice(span.offset, span.offset + span.length);
    const read = value?.text ?? `?${variable}`;
    return `${role} ${written}${read === written ? "" : ` = ${read}`}`;
  });
}

describe("findDockerfileReferences", () => {
  it("reads FROM with a platform and a name, and leaves stages and scratch out", () => {
    const text = `FROM --platform=linux/amd64 golang:1.25 AS Build
FROM scratch AS empty
from build as second
FROM alpine:3 as last
`;
    expect(found(text)).toEqual(["FROM golang:1.25", "FROM alpine:3"]);
  });

  it("replaces the arguments that come before the first stage, and those alone", () => {
    const text = `ARG VERSION=22 VARIANT="-slim"
ARG BASE=node:\${VERSION}\${VARIANT}
FROM $BASE
ARG LATE=x
FROM alpine:\${LATE}
FROM debian:\${NONE:-12}\${ALSO:+-x}
FROM "busybox:\${VERSION:+1}"
FROM a\\$b
FROM x:\${VERSION%2}
`;
    expect(found(text)).toEqual([
      "FROM $BASE = node:22-slim",
      `FROM alpine:\${LATE} = ?LATE`,
      `FROM debian:\${NONE:-12}\${ALSO:+-x} = debian:12`,
      `FROM "busybox:\${VERSION:+1}" = busybox:1`,
      "FROM a\\$b = a$b",
      `FROM x:\${VERSION%2} = ?VERSION`,
    ]);
  });

  it("lets given arguments go before defaults, and takes no name from a prototype", () => {
    expect(found("ARG V=1\nFROM node:$V\n", { V: "2" })).toEqual(["FROM node:$V = node:2"]);
    expect(found("FROM node:$V\n", { V: "2" })).toEqual(["FROM node:$V = ?V"]);
    expect(found("ARG constructor\nFROM node:$constructor\n")).toEqual([
      "FROM node:$constructor = ?constructor",
    ]);
  });

  it("reads COPY --from and RUN --mount=from=, of images and not of stages", () => {
    const text = `FROM a:1 AS one
COPY --from=one --chown=1:1 /x /x
COPY --chown=1:1 --from=b:2 /x /x
COPY --from=0 /x /x
COPY from=not /x
COPY --from=$VAR /x /x
RUN --mount=type=bind,from=c:3,target=/c --mount=type=cache,target=/d make
RUN echo --mount=from=not
ONBUILD COPY --from=d:4 /x /x
`;
    expect(found(text)).toEqual([
      "FROM a:1",
      "COPY --from b:2",
      "COPY --from $VAR = ?VAR",
      "RUN --mount from c:3",
      "COPY --from d:4",
    ]);
  });

  it("reads directives: the frontend, and another escape", () => {
    expect(
      found("# syntax=docker/dockerfile:1\n# escape=`\nFROM --platform=x `\n  win:1\nFROM c:\\x\n"),
    ).toEqual(["syntax docker/dockerfile:1", "FROM win:1", "FROM c:\\x"]);
    expect(found("FROM a:1\n# syntax=late\n")).toEqual(["FROM a:1"]);
  });

  it("joins lines, past comments and empty ones, and leaves here-documents out", () => {
    const text = `FROM \\
# a comment

  a:1 \\
  AS one
RUN <<EOF cat <<-'TWO'
FROM not:1
EOF
FROM not:2
\tTWO
FROM b:2
COPY <<EOF /never/ends
FROM not:3
`;
    expect(found(text)).toEqual(["FROM a:1", "FROM b:2"]);
  });

  it("has the right places with CRLF, a byte order mark and no last line break", () => {
    expect(found("\ufeffFROM a:1 AS x\r\nFROM b:2\r\nCOPY --from=c:3 . .")).toEqual([
      "FROM a:1",
      "FROM b:2",
      "COPY --from c:3",
    ]);
  });

  it("throws at nothing, and stays in the file", () => {
    const words = fc.constantFrom(
      ..."FROM|ARG|COPY|RUN|ONBUILD|--from=|--mount=from=|a:1|$X|$\u007bX|$\u007bX:-|}|\"|'|\\|\n|\r\n|#| |=|<<EOF|EOF|AS|# escape=`\n".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(words).map((all) => all.join("")),
        (text) => {
          for (const { span } of findDockerfileReferences(text)) {
            expect(span.offset).toBeGreaterThanOrEqual(0);
            expect(span.offset + span.length).toBeLessThanOrEqual(text.length);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
