import { expect, test } from "vitest";
import { chart } from "../src/chart.ts";

const bars = [
  { group: "pull <1>", name: "reg & co", value: 1, ours: true },
  { group: "pull <1>", name: "crane", value: 2, ours: false },
];

test("the longest bar of a group is the slowest one, and ours has a colour of its own", () => {
  const svg = chart([], bars);
  const found = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"[^>]*fill="(#\w+)"/g)].map((match) =>
    match.slice(1),
  );
  expect(found).toHaveLength(2);
  const [[ours, ourColour], [other, otherColour]] = found as [string[], string[]]; // there are two
  expect(Number(other)).toBe(2 * Number(ours));
  expect(ourColour).not.toBe(otherColour);
});

test("names are text, whatever stands in them", () => {
  const svg = chart([], bars);
  expect(svg).toContain("pull &lt;1&gt;");
  expect(svg).toContain("reg &amp; co");
});

test("a goal that is behind says so, and one that is reached goes to the line or beyond", () => {
  const goal = { job: "pull", what: "wall", bound: "at most", limit: 1 } as const;
  const svg = chart(
    [
      { ...goal, figure: 2, reached: false },
      { ...goal, figure: 0.5, reached: true },
      { ...goal, figure: -3, reached: true },
    ],
    [],
  );
  expect(svg.match(/>behind</g)).toHaveLength(1);
  const line = Number(/<path d="M([\d.]+) /.exec(svg)?.[1]);
  const ends = [...svg.matchAll(/<rect x="(\d+)"[^>]* width="([\d.]+)"/g)].map(
    ([, x, width]) => Number(x) + Number(width),
  );
  expect(ends.map((end) => end >= line)).toEqual([false, true, true]);
});
