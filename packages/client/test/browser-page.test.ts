import { TransportError } from "@reg/transport";
import { afterEach, describe, expect, it, vi } from "vitest";
import { explainInPage, foreignPage } from "../src/browser-page.ts";
import { collect, type Script, scriptedRegistry, testClient } from "./support/scripted-registry.ts";

const url = new URL("https://reg.example/v2/?token=secret");

describe("explainInPage", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("has nothing to add outside of a browser", () => {
    expect(explainInPage(new TransportError("NETWORK", "down"), url)).toBeUndefined();
  });

  it("names CORS to a page of another origin, and keeps the cause", () => {
    vi.stubGlobal("location", { origin: "https://app.example" });
    const cause = new TransportError("NETWORK", "down");
    const error = explainInPage(cause, url);
    expect(error).toMatchObject({ code: "UNAVAILABLE", retryable: true, cause });
    expect(error?.message).toContain("pages of https://app.example");
    expect(error?.message).toContain("CORS");
    expect(error?.message).not.toContain("secret");
  });

  it("leaves every other failure as it is, and those of the page's own origin", () => {
    vi.stubGlobal("location", { origin: "https://app.example" });
    expect(explainInPage(new TransportError("TIMEOUT", "slow"), url)).toBeUndefined();
    expect(explainInPage(new Error("other"), url)).toBeUndefined();
    vi.stubGlobal("location", { origin: "https://reg.example" });
    expect(explainInPage(new TransportError("NETWORK", "down"), url)).toBeUndefined();
  });
});

describe("foreignPage", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("is the page's origin, where that is another one", () => {
    expect(foreignPage(url)).toBeUndefined();
    vi.stubGlobal("location", { origin: "https://app.example" });
    expect(foreignPage(url)).toBe("https://app.example");
    expect(foreignPage(new URL("https://app.example/v2/"))).toBeUndefined();
  });
});

describe("a listing in a page from which the browser keeps the Link header", () => {
  const TAGS = "GET /v2/demo/tags/list";

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  async function list(script: Script, pageSize?: number): Promise<readonly [string[], readonly string[]]> {
    vi.stubGlobal("location", { origin: "https://app.example" });
    await using registry = await scriptedRegistry(script);
    const tags = await collect(testClient().tags.list(`${registry.host}/demo`, { pageSize }));
    return [tags, registry.lines];
  }

  it("does not end with its first page", async () => {
    const [tags, lines] = await list({
      [TAGS]: { status: 200, body: '{"tags":["a","b"]}' },
      [`${TAGS}?last=b`]: { status: 200, body: '{"tags":["c"]}' },
      [`${TAGS}?last=c`]: { status: 200, body: '{"tags":null}' },
    });
    expect(tags).toEqual(["a", "b", "c"]);
    expect(lines).toHaveLength(3);
  });

  it("ends with a page that is not full, where its size was asked for", async () => {
    const [tags, lines] = await list(
      {
        [`${TAGS}?n=2`]: { status: 200, body: '{"tags":["a","b"]}' },
        [`${TAGS}?n=2&last=b`]: { status: 200, body: '{"tags":["c"]}' },
      },
      2,
    );
    expect(tags).toEqual(["a", "b", "c"]);
    expect(lines).toHaveLength(2);
  });

  it("names nothing twice where a registry takes no notice of the name to go on behind", async () => {
    const [tags, lines] = await list({ [TAGS]: { status: 200, body: '{"tags":["a","b"]}' } });
    expect(tags).toEqual(["a", "b"]);
    expect(lines).toHaveLength(2);
  });
});
