import { expect, test } from "vitest";
import { markdownReport, withTables } from "../src/markdown-report.ts";
import type { Report } from "../src/report.ts";
import { result, walls } from "./results.ts";

const report: Report = {
  machine: "2 x Some CPU",
  setup: "Registry: distribution.",
  command: "pnpm bench",
  versions: ["reg 1.0.0", "crane v0.20.7"],
  jobs: [
    {
      name: "pull-512m",
      what: "pull 8 layers",
      results: [
        result("pull-512m", "reg", "ours", walls(0.5), { requests: 10, connections: 3 }),
        result("pull-512m", "a|b", "peer", walls(1)),
      ],
    },
  ],
  texts: [{ name: "reference", what: "parse references", text: "parser  rate" }],
  verdicts: [
    { job: "pull-512m", what: "wall time", bound: "at most", limit: 1, figure: 0.5, reached: true },
    { job: "heads", what: "times as fast", bound: "at least", limit: 4, figure: 2.345678, reached: false },
  ],
  failures: ["oras cannot do pull-512m: it is not there"],
};

test("a run's tables tell the machine, the programs, the goals, each job, and what could not be measured", () => {
  const page = markdownReport(report);
  expect(page).toContain("- Machine: 2 x Some CPU.");
  expect(page).toContain("reg 1.0.0, crane v0.20.7");
  expect(page).toContain("1 of 2 reached.");
  expect(page).toContain("| heads | times as fast | at least 4 | 2.35 | **behind** |");
  expect(page).toContain("| reg | 1 | 0.500 | 1.000 | 100 | 10 | 3 | 0.000 |  |  |");
  expect(page).toContain("| a\\|b | 1 | 1.000 | 1.000 | 100 |  |  | 0.000 | 0.50 | 1.00 |");
  expect(page).toContain("```text\nparser  rate\n```");
  expect(page).toContain("  - oras cannot do pull-512m");
});

test("the tables take the place of the earlier ones, and what was written by hand stays", () => {
  const first = withTables("# Results\n\nBy hand.\n", report);
  const again = withTables(`${first}\nBelow, by hand.\n`, { ...report, machine: "another" });
  expect(again.startsWith("# Results\n\nBy hand.\n\n<!-- begin")).toBe(true);
  expect(again.endsWith("-->\n\nBelow, by hand.\n")).toBe(true);
  expect(again).toContain("- Machine: another.");
  expect(again).not.toContain("Some CPU");
  expect(withTables(first, report)).toBe(first);
});
