import { describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { applyFixes } from "../../src/files/apply-fixes.ts";
import { formatJson, formatSarif, formatText } from "../../src/files/format-findings.ts";
import { detectFileKind, lintFile } from "../../src/files/lint-file.ts";

const parseYaml = parseAllDocuments;

function lint(path: string, text: string, variables: Record<string, string> = {}): string[] {
  return lintFile({ path, text }, { parseYaml, variables })
    .filter(({ code }) => code !== "DIGEST_MISSING" && code !== "TAG_MISSING")
    .map(({ line, column, code, length }) => `${line}:${column}+${length} ${code}`);
}

describe("lintFile", () => {
  it("points into an argument's default where the fault is there, and mends it there, once", () => {
    const text = `ARG BASE=Ubuntu:22.04\nFROM $BASE AS a\nFROM \${BASE}\n`;
    expect(lint("Dockerfile", text)).toEqual(["1:10+6 NAME_UPPERCASE"]);
    const findings = lintFile({ path: "Dockerfile", text }, { parseYaml });
    expect(applyFixes(text, findings)).toContain("ARG BASE=ubuntu:22.04\n");
  });

  it("points at the use, and mends nothing, where a given variable brought the fault in", () => {
    const text = "ARG BASE\nFROM $BASE\n";
    const findings = lintFile({ path: "Dockerfile", text }, { parseYaml, variables: { BASE: "Ubuntu:1" } });
    expect(findings[0]).toMatchObject({
      line: 2,
      column: 6,
      length: 5,
      code: "NAME_UPPERCASE",
      input: "Ubuntu:1",
    });
    expect(applyFixes(text, findings)).toBe(text);
  });

  it("tells of variables without a value, and of nothing more there", () => {
    expect(lint("Dockerfile", "FROM $X\n")).toEqual(["1:6+2 VARIABLE_UNRESOLVED"]);
  });

  it("reads compose files: interpolation, merges, quotes, volumes, contexts, and what is built here", () => {
    const text = `x-base: &base
  image: "Shared:1"
services:
  one: { <<: *base }
  two:
    <<: [*base]
  built:
    build:
      context: .
      additional_contexts:
        base: docker-image://Base:1
        other: ./here
    image: app
  vars:
    image: "redis:\${TAG:-Latest}\${NONE-}"
  bad:
    image: 'https://nginx:\${NGINX}'
  unset:
    image: \${NOTHING}
  volumes:
    image: a:1
    volumes:
      - ./x:/x
      - { type: image, source: B:2, target: /b }
`;
    expect(lint("compose.yaml", text, { NGINX: "1" })).toEqual([
      "2:11+6 NAME_UPPERCASE",
      "11:30+4 NAME_UPPERCASE",
      "17:13+8 SCHEME",
      "19:12+10 VARIABLE_UNRESOLVED",
      "24:32+1 NAME_UPPERCASE",
    ]);
    const all = lintFile({ path: "compose.yaml", text }, { parseYaml });
    expect(all.filter(({ line }) => line === 13)).toEqual([]);
    expect(applyFixes(text, all)).toContain("source: b:2");
  });

  it("reads Kubernetes manifests: any pod specification, lists, several documents, image volumes", () => {
    const text = `apiVersion: v1
kind: List
items:
  - apiVersion: batch/v1
    kind: CronJob
    spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: A:1 }] } } } } }
---
apiVersion: v1
kind: Pod
spec:
  initContainers: [{ name: i, image: B:1 }]
  ephemeralContainers:
    - image: C:1
  volumes:
    - name: v
      image: { reference: D:1 }
---
containers: [{ image: NOT:1 }]
`;
    expect(lint("pod.yml", text)).toEqual([
      "6:78+1 NAME_UPPERCASE",
      "11:38+1 NAME_UPPERCASE",
      "13:14+1 NAME_UPPERCASE",
      "16:27+1 NAME_UPPERCASE",
    ]);
  });

  it("says where YAML cannot be read", () => {
    const findings = lintFile({ path: "pod.yaml", text: "a: [\n" }, { parseYaml });
    expect(findings).toEqual([expect.objectContaining({ severity: "error", code: "YAML_INVALID" })]);
  });

  it("survives aliases in a circle, and many of them", () => {
    const circle = "services: &a\n  x: &b\n    <<: *b\n    image: X:1\n  y: *a\n";
    expect(lint("compose.yaml", circle)).toContain("4:12+1 NAME_UPPERCASE");
    const laughs = ["apiVersion: v1", "kind: X", "a0: &a0 [x]"];
    for (let n = 1; n < 30; n++) laughs.push(`a${n}: &a${n} [*a${n - 1}, *a${n - 1}, *a${n - 1}]`);
    const start = performance.now();
    lint("pod.yaml", laughs.join("\n"));
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  it("stays small and quick where defaults hold each other twice over, or stand within each other", () => {
    const bomb = ["ARG A0=xxxxxxxxxx"];
    for (let n = 1; n < 60; n++) bomb.push(`ARG A${n}=$A${n - 1}$A${n - 1}`);
    expect(lint("Dockerfile", `${bomb.join("\n")}\nFROM $A59\n`)).toEqual(["61:6+4 VARIABLE_UNRESOLVED"]);
    const nested = `FROM ${"${A:-".repeat(20_000)}x${"}".repeat(20_000)}\n`;
    expect(lint("Dockerfile", nested)).toEqual(["1:6+120001 VARIABLE_UNRESOLVED"]);
    const merges = ["x0: &x0 { image: A:1 }"];
    for (let n = 1; n < 40; n++) merges.push(`x${n}: &x${n} { <<: [*x${n - 1}, *x${n - 1}, *x${n - 1}] }`);
    expect(lint("compose.yaml", `${merges.join("\n")}\nservices: { a: *x39 }\n`)).toEqual([
      "1:18+1 NAME_UPPERCASE",
    ]);
    const documents = `${"RUN <<A\nA\n".repeat(20_000)}FROM B:1\n`;
    expect(lint("Dockerfile", documents)).toEqual(["40001:6+1 NAME_UPPERCASE"]);
  });

  it("does not mend where quotes hide what stands in the file", () => {
    const text = 'services:\n  a:\n    image: "\\x41:1"\n';
    const findings = lintFile({ path: "compose.yaml", text }, { parseYaml });
    expect(findings[0]).toMatchObject({ code: "NAME_UPPERCASE", line: 3 });
    expect(applyFixes(text, findings)).toBe(text);
  });
});

describe("detectFileKind", () => {
  it.each([
    ["Dockerfile", "dockerfile"],
    ["a/b/Dockerfile.prod", "dockerfile"],
    ["web.dockerfile", "dockerfile"],
    ["Containerfile", "dockerfile"],
    ["compose.yaml", "compose"],
    ["x\\docker-compose.override.yml", "compose"],
    ["deploy.yaml", "kubernetes"],
    ["README.md", undefined],
    ["Dockerfiles/readme", undefined],
  ])("%s is %s", (path, kind) => {
    expect(detectFileKind(path)).toBe(kind);
  });
});

describe("reports", () => {
  const text = "FROM a:1\nFROM Ubuntu:1\n";
  const findings = lintFile({ path: "a b/Dockerfile", text }, { parseYaml }).filter(
    ({ severity }) => severity === "error",
  );

  it("writes a line each, as compilers do", () => {
    expect(formatText(findings)).toBe(
      'a b/Dockerfile:2:6: error: "Ubuntu:1": write ubuntu [NAME_UPPERCASE]\n',
    );
  });

  it("lets no control character through to a terminal", () => {
    const shown = formatText(
      lintFile({ path: "\u001b[31m/Dockerfile", text: "FROM a\u202eb\u009b\n" }, { parseYaml }),
    );
    expect(shown).toMatch(/^[ -~\n]*$/);
  });

  it("writes JSON that reads back", () => {
    expect(JSON.parse(formatJson(findings))).toEqual(findings);
  });

  it("writes SARIF with a place, a level, a rule and a replacement", () => {
    const log = JSON.parse(formatSarif(findings));
    expect(log.version).toBe("2.1.0");
    const [run] = log.runs;
    expect(run.tool.driver.rules).toEqual([{ id: "NAME_UPPERCASE" }]);
    expect(run.results).toEqual([
      {
        ruleId: "NAME_UPPERCASE",
        ruleIndex: 0,
        level: "error",
        message: { text: "write ubuntu" },
        locations: [
          {
            physicalLocation: {
              artifactLocation: { uri: "a%20b/Dockerfile" },
              region: { startLine: 2, startColumn: 6, charOffset: 14, charLength: 6 },
            },
          },
        ],
        fixes: [
          {
            artifactChanges: [
              {
                artifactLocation: { uri: "a%20b/Dockerfile" },
                replacements: [
                  { deletedRegion: { charOffset: 14, charLength: 6 }, insertedContent: { text: "ubuntu" } },
                ],
              },
            ],
          },
        ],
      },
    ]);
  });

  it("applies fixes from the front, and of two that overlap the first", () => {
    const fix = (offset: number, length: number, replacement: string) => ({
      path: "x",
      line: 1,
      column: 1,
      offset,
      length,
      severity: "error" as const,
      code: "X",
      message: "",
      role: "",
      input: "",
      fix: { offset, length, text: replacement },
    });
    expect(applyFixes("abcdef", [fix(4, 1, "E"), fix(0, 2, "X"), fix(1, 2, "Y")])).toBe("XcdEf");
  });
});
