import { expect, test } from "vitest";
import { highestOf, medianOf, oursOf, ratioOf } from "../src/statistics.ts";
import { result, walls } from "./results.ts";

test("a ratio is the median of the rounds' ratios, so that a slow round of both counts for nothing", () => {
  const ours = result("job", "reg", "ours", walls(1, 10, 1));
  const other = result("job", "crane", "peer", walls(2, 20, 2));
  expect(ratioOf(ours, other, "wall")).toBe(0.5);
});

test("only rounds that both took are compared", () => {
  const ours = result("job", "reg", "ours", walls(1, 1, 100));
  const other = result("job", "crane", "peer", walls(4, 4));
  expect(ratioOf(ours, other, "wall")).toBe(0.25);
});

test("without a round in common, the medians are compared", () => {
  const ours = result("job", "reg", "ours", walls(2, 4));
  const slow = { ...result("job", "skopeo", "peer", []), costs: [{ ...cost(), round: 0, wallSeconds: 30 }] };
  expect(ratioOf(ours, slow, "wall")).toBe(0.1);
});

test("medians and highest values are of one measure", () => {
  const measured = result("job", "reg", "ours", [
    { wallSeconds: 1, cpuSeconds: 5, peakBytes: 10 },
    { wallSeconds: 2, cpuSeconds: 4, peakBytes: 30 },
    { wallSeconds: 9, cpuSeconds: 3, peakBytes: 20 },
  ]);
  expect([medianOf(measured, "wall"), medianOf(measured, "cpu"), medianOf(measured, "peak")]).toEqual([
    2, 4, 20,
  ]);
  expect(highestOf(measured, "peak")).toBe(30);
});

test("ours is found by its role and its job", () => {
  const ours = result("a", "reg", "ours", walls(1));
  const all = [result("a", "crane", "peer", walls(1)), ours, result("b", "reg", "ours", walls(1))];
  expect(oursOf(all, "a")).toBe(ours);
  expect(oursOf(all, "c")).toBeUndefined();
});

function cost(): (typeof sample.costs)[number] {
  return sample.costs[0] ?? expect.unreachable();
}
const sample = result("job", "any", "peer", walls(1));
