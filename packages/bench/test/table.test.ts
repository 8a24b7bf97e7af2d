import { expect, test } from "vitest";
import { formatTable, markdownTable, median } from "../src/table.ts";

test("the median is the middle, or the mean of the middle two, and leaves the values as they were", () => {
  const values = [9, 1, 5];
  expect(median(values)).toBe(5);
  expect(values).toEqual([9, 1, 5]);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test("a terminal's table stands in columns, names to the left and figures to the right", () => {
  expect(
    formatTable(
      ["client", "wall s"],
      [
        ["reg", "0.5"],
        ["crane", "12.25"],
      ],
    ),
  ).toBe(["client  wall s", "------  ------", "reg        0.5", "crane    12.25"].join("\n"));
});

test("a page's table says which columns are figures", () => {
  expect(markdownTable(["client", "wall s"], [["reg", "0.5"]])).toBe(
    ["| client | wall s |", "| --- | --: |", "| reg | 0.5 |"].join("\n"),
  );
});
