import { MEDIA_TYPES } from "@reg/content";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findProgram } from "../../../.config/programs.ts";
import { createRegistry, memoryStorage, type RegistryOptions, serve, tokenAccess } from "../src/index.ts";
import { bytesOf, noise, overHttp, pushBlob, pushDocument, pushImage, type Send } from "./support.ts";

const executablePath = findProgram("chromium", "chromium-browser", "google-chrome");

describe.skipIf(executablePath === undefined)("the page in a browser", () => {
  const stack = new AsyncDisposableStack();
  let browser: Browser;

  beforeAll(async () => {
    browser = await chromium.launch({ ...(executablePath && { executablePath }), args: ["--no-sandbox"] });
    stack.defer(() => browser.close());
  });
  afterAll(() => stack.disposeAsync());

  interface Opened extends AsyncDisposable {
    readonly page: Page;
    readonly url: string;
    readonly send: Send;
    /** What the browser complained of: errors of scripts, and what the policy forbade. */
    readonly complaints: string[];
    show(hash: string): Promise<void>;
  }

  async function open(options: Partial<RegistryOptions> = {}): Promise<Opened> {
    const listener = await serve(createRegistry({ storage: memoryStorage(), ...options }));
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    return {
      page,
      url: listener.url,
      send: overHttp(listener.url),
      complaints,
      async show(hash) {
        await page.goto("about:blank");
        await page.goto(`${listener.url}/${hash}`);
        await page.locator("main[data-ready]").waitFor();
      },
      async [Symbol.asyncDispose]() {
        await page.close();
        await listener.close();
      },
    };
  }

  test("an empty registry says how to fill it", async () => {
    await using opened = await open();
    await opened.show("");
    expect(await opened.page.locator("main h1").textContent()).toBe("Nothing here yet");
    expect(await opened.page.locator("main code").first().textContent()).toContain(new URL(opened.url).host);
    expect(opened.complaints).toEqual([]);
  });

  test("repositories lead to tags, tags to layers with their sizes and commands to copy", async () => {
    await using opened = await open();
    const { page, send } = opened;
    const layers = [];
    for (const [i, size] of [300_000, 1_200_000].entries()) {
      layers.push({
        mediaType: MEDIA_TYPES.ociLayerGzip,
        digest: await pushBlob(send, "demo/hello", noise(size, i + 1)),
        size,
      });
    }
    await pushImage(send, "demo/hello", "1.0", "hello", { layers });
    await pushImage(send, "other/thing", "2", "other");
    await opened.show("");
    expect(await page.locator("nav li").allTextContents()).toEqual(["demo/hello", "other/thing"]);
    await page.locator("nav a", { hasText: "demo/hello" }).click();
    await page.getByRole("heading", { name: "demo/hello" }).waitFor();
    const row = page.locator("main tbody tr");
    await row.getByText("1.4 MiB").waitFor();
    expect(await row.locator("td").first().textContent()).toBe("1.0");
    await row.getByText("linux/amd64").waitFor();
    await row.getByRole("link", { name: "1.0" }).click();
    await page.getByRole("heading", { name: "2 layers, 1.4 MiB" }).waitFor();
    expect(await page.locator(".bar rect").count()).toBe(2);
    const host = new URL(opened.url).host;
    expect(await page.locator(".command code").first().textContent()).toBe(
      `docker pull ${host}/demo/hello:1.0`,
    );
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.locator(".command button").first().click();
    await page.getByText("Copied").waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`docker pull ${host}/demo/hello:1.0`);
    expect(opened.complaints).toEqual([]);
  });

  test("an index leads to its platforms, a subject to what is attached to it", async () => {
    await using opened = await open();
    const { page, send } = opened;
    const image = await pushImage(send, "demo/multi", undefined, "amd64");
    const child = { mediaType: image.mediaType, digest: image.digest, size: image.size };
    await pushDocument(send, "demo/multi", "latest", {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [{ ...child, platform: { os: "linux", architecture: "arm64", variant: "v8" } }],
    });
    const empty = {
      mediaType: MEDIA_TYPES.ociEmpty,
      digest: await pushBlob(send, "demo/multi", bytesOf("{}")),
      size: 2,
    };
    await pushDocument(send, "demo/multi", undefined, {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: "application/vnd.example.sbom",
      config: empty,
      layers: [empty],
      subject: child,
    });
    await opened.show("#/demo/multi:latest");
    expect(await page.locator("main tbody td").first().textContent()).toBe("linux/arm64/v8");
    await page.locator("main tbody a").first().click();
    await page.getByRole("heading", { name: "Attached to this" }).waitFor();
    await page.getByText("application/vnd.example.sbom").waitFor();
    expect(opened.complaints).toEqual([]);
  });

  test("what images say of themselves stays text", async () => {
    await using opened = await open();
    const evil = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    await pushImage(opened.send, "demo/evil", "1", evil, {
      annotations: { [evil]: evil, "javascript:": "javascript:alert(1)" },
    });
    await opened.show("#/demo/evil:1");
    await opened.page.getByRole("heading", { name: "Annotations" }).waitFor();
    expect(await opened.page.locator("main img, main script").count()).toBe(0);
    expect(await opened.page.title()).toBe("demo/evil 1");
    expect(opened.complaints).toEqual([]);
  });

  test("a script that is not the page's own does not run", async () => {
    await using opened = await open();
    await opened.show("");
    await opened.page.evaluate(
      "const s = document.createElement('script'); s.textContent = 'document.title = 1'; document.body.append(s)",
    );
    expect(await opened.page.title()).toBe("Registry");
    expect(opened.complaints.join()).toContain("Content Security Policy");
  });

  test("a registry that asks who it is gets a name and password by a form", async () => {
    const access = tokenAccess({ users: { ann: "pässword" } });
    const storage = memoryStorage();
    await pushImage(overOpen(storage), "demo/private", "1", "private");
    await using opened = await open({ access, storage });
    const { page } = opened;
    await page.goto(opened.url);
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.getByLabel("Name").fill("ann");
    await page.getByLabel("Password").fill("pässword");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("nav a", { hasText: "demo/private" }).click();
    await page.getByRole("link", { name: "1", exact: true }).click();
    await page.getByRole("heading", { name: "Pull" }).waitFor();
    expect(await page.locator("#user").textContent()).toBe("ann");
    expect(page.url()).not.toContain("ssword");
  });

  test("what is not there is said, with the registry's reason", async () => {
    await using opened = await open();
    await opened.show("#/demo/none:1");
    expect(await opened.page.getByRole("alert").textContent()).toContain("MANIFEST_UNKNOWN");
  });
});

/** The same storage without a sign-in. */
function overOpen(storage: RegistryOptions["storage"]): Send {
  const registry = createRegistry({ storage });
  return (path, init) => registry.fetch(new Request(`http://registry.test${path}`, init));
}
