import { TransportError } from "@reg/transport";
import { afterEach, describe, expect, it, vi } from "vitest";
import { explainInPage } from "../src/browser-page.ts";

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
