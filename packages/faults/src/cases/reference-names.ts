import { type FaultCase, judge } from "../case.ts";
import { testImage } from "../image.ts";
import { goodRegistry } from "../registry.ts";
import { lastLine } from "./pulling.ts";

const image = testImage();

/** Names that are none. */
export const nameCases: readonly FaultCase[] = [
  ...(
    [
      ["with-a-line-break", "demo/app:1.0\r\nX-Injected: yes"],
      ["with-a-line-break-at-its-end", "demo/app:1.0\n"],
      ["with-an-escaped-slash", "demo%2fapp:1.0"],
      ["that-climbs", "demo/../../etc:1.0"],
      ["with-an-empty-part", "demo//app:1.0"],
      ["with-a-kelvin-sign", "demo/\u212A:1.0"],
      ["with-capitals", "Demo/App:1.0"],
      ["with-a-query", "demo/app?x=y:1.0"],
      ["with-a-fragment", "demo/app#x:1.0"],
      ["with-a-backslash", "demo\\app:1.0"],
      ["with-a-space", "demo/a b:1.0"],
      ["of-300-characters", `${"a".repeat(300)}:1.0`],
      ["with-a-tag-of-129-characters", `demo/app:${"a".repeat(129)}`],
      ["with-a-digest-of-63-characters", `demo/app@sha256:${"a".repeat(63)}`],
      ["with-a-digest-in-capitals", `demo/app@sha256:${"A".repeat(64)}`],
      ["of-100-kib", `demo/${"a/".repeat(50_000)}app:1.0`],
      ["of-100-kib-of-dashes", `demo/${"a-".repeat(50_000)}_:1.0`],
      ["of-100-kib-of-colons", `demo/app${":1".repeat(50_000)}`],
    ] as const
  ).map(
    ([name, path]): FaultCase => ({
      id: `reference-${name}`,
      area: "reference",
      fault: `A reference ${name.replaceAll("-", " ")} is given`,
      expectation: "Refuse it before any request is made, at once.",
      reason: "distribution/reference, the grammar; request splitting and path traversal live on leniency",
      verbs: ["digest"],
      async run(stage) {
        const registry = await stage.origin(goodRegistry(image));
        const outcome = await stage.act({ verb: "digest", reference: `${registry.host}/${path}` });
        return judge(
          lastLine(outcome),
          [outcome.exitCode !== 0, "took it for a reference"],
          [registry.connections === 0, `sent ${registry.requests[0]?.target.slice(0, 80) ?? "something"}`],
          [outcome.durationMs < 10_000, `took ${Math.round(outcome.durationMs)} ms`],
        );
      },
    }),
  ),
];
