import { describe, expect, it } from "vitest";
import { Turns } from "../src/turns.ts";

describe("Turns", () => {
  it("does work on one thing one after the other, also behind work that failed", async () => {
    const turns = new Turns();
    const order: string[] = [];
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };
    const results = await Promise.allSettled([
      turns.run("x", work("a", true)),
      turns.run("x", work("b")),
      turns.run("y", work("c")),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "fulfilled"]);
    expect(order.indexOf("a ends")).toBeLessThan(order.indexOf("b begins"));
    expect(order.indexOf("c begins")).toBeLessThan(order.indexOf("a ends"));
  });
});
