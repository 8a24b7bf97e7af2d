import { describe, expect, it } from "vitest";
import { CapabilityStore } from "../src/capabilities.ts";

describe("CapabilityStore", () => {
  it("forgets after an hour what it has learnt, and not before", () => {
    let now = 1_000_000;
    const store = new CapabilityStore({}, () => now);
    store.learn("reg.example", "referrers", false);
    now += 3_599_999;
    expect(store.get("reg.example", "referrers")).toBe(false);
    now += 1;
    expect(store.get("reg.example", "referrers")).toBeUndefined();
    expect(store.export()).toEqual({});
  });

  it("believes what is known of a repository before what is known of its registry", () => {
    const store = new CapabilityStore();
    store.learn("reg.example", "referrers", false);
    store.learn("reg.example/a/b", "referrers", true);
    expect(store.get("reg.example/a/b", "referrers")).toBe(true);
    expect(store.get("reg.example/a/c", "referrers")).toBe(false);
  });

  it("lets an override stand before all that is learnt, until it is taken back", () => {
    const store = new CapabilityStore();
    store.set("reg.example", "referrers", true);
    store.learn("reg.example/a/b", "referrers", false);
    expect(store.get("reg.example/a/b", "referrers")).toBe(true);
    store.set("reg.example", "referrers", undefined);
    expect(store.get("reg.example/a/b", "referrers")).toBe(false);
  });

  it("goes through JSON into another store", () => {
    const store = new CapabilityStore();
    store.learn("reg.example", "multiTag", true);
    const other = new CapabilityStore(JSON.parse(JSON.stringify(store.export())));
    expect(other.get("reg.example", "multiTag")).toBe(true);
  });

  it("takes from a file what is a fact, and leaves out the rest", () => {
    const learntAt = Date.now();
    const text = JSON.stringify({
      "reg.example": {
        referrers: { supported: false, learntAt },
        multiTag: { supported: "no", learntAt },
        catalog: { supported: true, learntAt: "yesterday" },
        tagDelete: null,
        unknown: { supported: true, learntAt },
      },
      "other.example": null,
    });
    expect(new CapabilityStore(JSON.parse(text)).export()).toEqual({
      "reg.example": { referrers: { supported: false, learntAt } },
    });
  });

  it("keeps no more than 10,000 places", () => {
    const store = new CapabilityStore();
    for (let i = 0; i < 10_100; i += 1) store.learn(`reg.example/${i}`, "referrers", true);
    expect(Object.keys(store.export())).toHaveLength(10_000);
    expect(store.get("reg.example/0", "referrers")).toBeUndefined();
    expect(store.get("reg.example/10099", "referrers")).toBe(true);
  });
});
