import fc from "fast-check";
import { expect, test } from "vitest";
import { BoundedMap } from "../src/bounded-map.ts";

test("what is used now and then stays, however much comes and goes", () => {
  const map = new BoundedMap<number, string>(10);
  map.set(-1, "kept");
  for (let key = 0; key < 1_000; key++) {
    map.set(key, "passing");
    if (key % 3 === 0) expect(map.get(-1)).toBe("kept");
  }
  expect([...map.entries()].length).toBe(10);
  expect(map.get(999)).toBe("passing");
  expect(map.get(5)).toBeUndefined();
});

test("it never holds more than its limit, and gives what was last set", () => {
  const operations = fc.array(fc.tuple(fc.constantFrom("get", "set", "delete"), fc.nat(20), fc.nat()));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), operations, (limit, list) => {
      const map = new BoundedMap<number, number>(limit);
      const last = new Map<number, number>();
      for (const [operation, key, value] of list) {
        if (operation === "set") {
          map.set(key, value);
          last.set(key, value);
        } else if (operation === "delete") {
          map.delete(key);
          last.delete(key);
        } else {
          const held = map.get(key);
          if (held !== undefined) expect(held).toBe(last.get(key));
        }
        expect([...map.entries()].length).toBeLessThanOrEqual(limit);
      }
    }),
  );
});
