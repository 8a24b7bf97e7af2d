import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type TransportRequest, withMirrors } from "../../src/index.ts";
import { readHostsFolder, readRegistriesConf } from "../../src/node.ts";
import { fakeTransport } from "../fake-transport.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "reg-transport-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const DIGEST = `sha256:${"0".repeat(64)}`;
function get(registry: string, path: string): TransportRequest {
  const origin = `https://${registry}`;
  return {
    method: "GET",
    url: new URL(path, origin),
    headers: {},
    context: { registry, origin, scopes: [] },
  };
}

describe("readRegistriesConf", () => {
  it.each([
    ["nothing", "", "", undefined],
    ["an empty list", "credential-helpers = []", "", undefined],
    [
      "a list, in its order",
      'credential-helpers = ["pass", "containers-auth.json"]',
      "",
      ["pass", "containers-auth.json"],
    ],
    [
      "a drop-in's list",
      'credential-helpers = ["pass"]',
      'credential-helpers = ["ecr-login"]',
      ["ecr-login"],
    ],
    ["what a drop-in does not change", 'credential-helpers = ["pass"]', "[aliases]", ["pass"]],
  ])("tells where credentials are looked for: %s", async (what, main, dropIn, expected) => {
    const path = await write(`helpers ${what}/registries.conf`, main);
    await write(`helpers ${what}/registries.conf.d/10.conf`, dropIn);
    expect((await readRegistriesConf({ path })).credentialHelpers).toEqual(expected);
  });

  it("refuses helpers that are no list of names", async () => {
    const path = await write("helpers.conf", "credential-helpers = [1]");
    await expect(readRegistriesConf({ path })).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringContaining("credential-helpers"),
    });
  });

  it("reads mirrors, rewriting, wildcards and what is blocked, with drop-ins in order", async () => {
    const path = await write(
      "registries.conf",
      `unqualified-search-registries = ["docker.io", "quay.io"]
[aliases]
ubuntu = "docker.io/library/ubuntu"
[[registry]]
prefix = "quay.io"
location = "quay.io"
[[registry.mirror]]
location = "tags.example/cache"
pull-from-mirror = "tag-only"
[[registry.mirror]]
location = "digests.lan:5000"
insecure = true
pull-from-mirror = "digest-only"
[[registry]]
prefix = "quay.io/bad"
blocked = true
[[registry]]
prefix = "old.example/team"
location = "new.example/moved/team"
`,
    );
    await write(
      "registries.conf.d/50-a.conf",
      `[[registry]]\nprefix = "*.corp.example"\n[[registry.mirror]]\nlocation = "corp-mirror.example"\n`,
    );
    await write("registries.conf.d/60-b.conf", `unqualified-search-registries = ["own.example"]\n`);
    const conf = await readRegistriesConf({ path });
    expect(conf.unqualifiedSearchRegistries).toEqual(["own.example"]);
    expect(conf.aliases.get("ubuntu")).toBe("docker.io/library/ubuntu");
    expect(conf.insecureHosts).toEqual(["digests.lan:5000"]);

    const transport = fakeTransport(({ url }) => ({ status: url.pathname.includes("missing") ? 404 : 200 }));
    const send = withMirrors({ mirrors: conf.planner })(transport);
    const asked = async (registry: string, what: string): Promise<string> => {
      const response = await send(get(registry, `/v2/${what}`));
      return response.url.href;
    };
    expect(await asked("quay.io", "a/b/manifests/latest")).toBe(
      "https://tags.example/v2/cache/a/b/manifests/latest",
    );
    expect(await asked("quay.io", `a/b/blobs/${DIGEST}`)).toBe(
      `https://digests.lan:5000/v2/a/b/blobs/${DIGEST}`,
    );
    expect(await asked("quay.io", "missing/manifests/latest")).toBe(
      "https://quay.io/v2/missing/manifests/latest",
    );
    await expect(asked("quay.io", "bad/manifests/latest")).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    expect(await asked("quay.io", "badger/manifests/latest")).toContain("tags.example");
    expect(await asked("old.example", "team/x/manifests/1")).toBe(
      "https://new.example/v2/moved/team/x/manifests/1",
    );
    expect(await asked("old.example", "teams/manifests/1")).toBe("https://old.example/v2/teams/manifests/1");
    expect(await asked("a.corp.example", "x/manifests/1")).toBe(
      "https://corp-mirror.example/v2/x/manifests/1",
    );
  });

  it.each([
    ["no TOML", "[[registry"],
    ["a value of the wrong kind", `[[registry]]\nprefix = 5\n`],
    ["a registry without a name", "[[registry]]\nblocked = true\n"],
    [
      "an unknown pull-from-mirror",
      `[[registry]]\nprefix="a"\n[[registry.mirror]]\nlocation="b"\npull-from-mirror="sometimes"\n`,
    ],
    ["the form of version 1", `[registries.search]\nregistries = ["docker.io"]\n`],
  ])("names the file where it has %s", async (_what, text) => {
    const path = await write("broken.conf", text);
    await expect(readRegistriesConf({ path })).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringContaining(path),
    });
  });

  it("is content without a file", async () => {
    const conf = await readRegistriesConf({ path: join(folder, "none.conf") });
    expect(await conf.planner("a", "b")).toBeUndefined();
  });
});

describe("readHostsFolder", () => {
  it("reads hosts in order, what they may do, headers, certificates and the server", async () => {
    await write("hosts/docker.io/ca.pem", "CA");
    await write("hosts/docker.io/client.cert", "CERT");
    await write("hosts/docker.io/client.key", "KEY");
    await write(
      "hosts/docker.io/hosts.toml",
      `server = "https://registry-1.docker.io"
[host."https://mirror.example/proxy"]
capabilities = ["pull", "resolve"]
ca = "ca.pem"
client = ["client.cert", "client.key"]
skip_verify = true
[host."https://mirror.example/proxy".header]
X-Mirror = ["a", "b"]
[host."https://exact.example/api/v9"]
capabilities = ["pull"]
override_path = true
`,
    );
    const { planner, tlsFor, isInsecure } = readHostsFolder(join(folder, "hosts"));
    const plan = await planner("docker.io", "library/ubuntu");
    expect(plan?.endpoints).toMatchObject([
      {
        origin: "https://mirror.example",
        prefix: "/v2/proxy",
        resolve: true,
        pull: true,
        push: false,
        ns: "docker.io",
        headers: { "x-mirror": "a, b" },
      },
      { origin: "https://exact.example", prefix: "/api/v9", resolve: false, pull: true, push: false },
      { origin: "https://registry-1.docker.io", prefix: "/v2", upstream: true },
    ]);
    expect(await tlsFor("mirror.example")).toMatchObject({ ca: ["CA"], cert: "CERT", key: "KEY" });
    expect([isInsecure("mirror.example"), isInsecure("exact.example")]).toEqual([true, false]);
  });

  it("finds a host by its port in either spelling, then the default", async () => {
    await write("hosts/a.example_5000_/hosts.toml", `[host."https://m1.example"]`);
    await write("hosts/_default/hosts.toml", `[host."https://m2.example"]`);
    const { planner } = readHostsFolder(join(folder, "hosts"));
    const origin = async (registry: string) => (await planner(registry, "x"))?.endpoints[0]?.origin;
    expect([await origin("a.example:5000"), await origin("b.example")]).toEqual([
      "https://m1.example",
      "https://m2.example",
    ]);
    expect(await origin("../..")).toBeUndefined();
  });

  it("names the file where a certificate is not there", async () => {
    await write("hosts/c.example/hosts.toml", `[host."https://m.example"]\nca = "none.pem"\n`);
    const { planner } = readHostsFolder(join(folder, "hosts"));
    await expect(planner("c.example", "x")).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringContaining("none.pem"),
    });
  });
});
