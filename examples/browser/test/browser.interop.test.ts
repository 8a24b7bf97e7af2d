import { createRegistry, memoryStorage, serve } from "@reg/server";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findProgram } from "../../../.config/programs.ts";
import { demoRegistry } from "../src/demo-registry.ts";
import { type ServedPage, servePage } from "../src/serve-page.ts";

const executablePath = findProgram("chromium", "chromium-browser", "google-chrome");

describe.skipIf(executablePath === undefined)("the page in headless Chromium", () => {
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  let served: ServedPage;

  beforeAll(async () => {
    browser = await chromium.launch({
      ...(executablePath && { executablePath }),
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
    });
    stack.defer(() => browser.close());
    served = stack.use(await servePage(0));
  });
  afterAll(() => stack.disposeAsync());

  async function open(query: string): Promise<{ page: Page; complaints: string[] }> {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${served.origin}/${query}`);
    return { page, complaints };
  }

  it("lists the tags of a registry that allows it, with digests and times", async () => {
    await using registry = await demoRegistry(served.origin, 0);
    const { page, complaints } = await open(`?repository=localhost:${registry.port}/demo/hello`);
    await page.getByText("3 tags").waitFor();
    const rows = await page.locator("tbody tr").allTextContents();
    expect(rows.map((row) => row.replace(/sha256:[0-9a-f]{12}/, " "))).toEqual([
      "1.0 2026-01-02T03:04:05Z",
      "1.1 2026-02-03T04:05:06Z",
      "2.0 2026-03-04T05:06:07Z",
    ]);
    const picture = process.env["SCREENSHOT"];
    if (picture !== undefined) await page.screenshot({ path: picture });
    expect(complaints).toEqual([]);
    await page.close();
  });

  it("lists what is typed into the form, in place of what was there", async () => {
    await using registry = await demoRegistry(served.origin, 0);
    const { page } = await open("");
    await page.getByLabel("Repository").fill(`localhost:${registry.port}/demo/hello`);
    await page.getByRole("button", { name: "List" }).click();
    await page.getByText("3 tags").waitFor();
    await page.getByLabel("Repository").fill(`localhost:${registry.port}/demo/none`);
    await page.getByRole("button", { name: "List" }).click();
    await page.getByRole("alert").waitFor();
    expect(await page.getByRole("alert").textContent()).toContain("NOT_FOUND");
    expect(await page.locator("tbody tr").count()).toBe(0);
    await page.close();
  });

  it("says what is wrong with a name, and where the registry lets no page read it", async () => {
    await using closed = await serve(createRegistry({ storage: memoryStorage() }));
    const wrong = await open("?repository=localhost:5000/Demo");
    await wrong.page.getByRole("alert").waitFor();
    expect(await wrong.page.getByRole("alert").textContent()).toContain("write demo");
    const refused = await open(`?repository=localhost:${closed.port}/demo/hello`);
    await refused.page.getByRole("alert").waitFor();
    expect(await refused.page.getByRole("alert").textContent()).toContain("CORS");
    await wrong.page.close();
    await refused.page.close();
  });
});
