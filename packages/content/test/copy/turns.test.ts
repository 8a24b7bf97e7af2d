import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { createTurns } from "../../src/copy/turns.ts";
import { copy, memoryStore } from "../../src/index.ts";
import { pushImage, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

test("runs one after another what has one key, and goes on after a failure", async () => {
  const inTurn = createTurns();
  const order: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    order.push(`${name} begins`);
    await sleep(1);
    order.push(`${name} ends`);
    if (name === "a1") throw new Error(name);
  };
  const all = [
    inTurn("a", work("a1")),
    inTurn("a", work("a2")),
    inTurn("b", work("b")),
    inTurn(undefined, work("c")),
  ];
  expect((await Promise.allSettled(all)).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
  expect(order.indexOf("a2 begins")).toBeGreaterThan(order.indexOf("a1 ends"));
  expect(order.indexOf("b begins")).toBeLessThan(order.indexOf("a1 ends"));
});

test("pushes the referrers of one subject one at a time, so that a list under a tag loses none", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1" });
  for (let i = 0; i < 12; i += 1) {
    await pushImage(source, { subject: image, artifactType: `a/${i}`, layers: [randomBytes(5, i)] });
  }
  const store = memoryStore();
  // Read, change, write, as a client keeps the list where a registry does not.
  let list: readonly string[] = [];
  const target = spy(store, {
    push: async (descriptor, body, options) => {
      await store.push(descriptor, body, options);
      if (!(body instanceof Uint8Array) || !new TextDecoder().decode(body).includes('"subject"')) return;
      const before = list;
      await sleep(1);
      list = [...before, descriptor.digest];
    },
  });
  await copy(source, "v1", target.store, "v1", { referrers: true });
  expect(list).toHaveLength(12);
});
