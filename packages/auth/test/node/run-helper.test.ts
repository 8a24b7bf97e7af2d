import { describe, expect, test } from "vitest";
import { runHelper } from "../../src/node/run-helper.ts";
import { credentialHelperStore } from "../../src/node.ts";
import { makeHome } from "../support/home.ts";

const CANARY = "canary-secret";

test.each(["../x", "a b", "x;y", "", "x/y", "x\n", "ü", "$(x)"])(
  "a helper named %j is not run",
  async (name) => {
    await using home = await makeHome();
    await home.program("x", `touch ${home.path("$HOME/ran")}`);
    await expect(runHelper(name, "get", "reg.io", { env: home.env })).rejects.toMatchObject({
      code: "CONFIG",
    });
    expect(() => credentialHelperStore(name)).toThrow(/nothing was run/);
    await expect(home.read("$HOME/ran")).rejects.toThrow(/ENOENT/);
  },
);

test("the server goes to standard input as it is, and no shell sees it", async () => {
  await using home = await makeHome();
  await home.program("echo", 'printf "%s|%s" "$*" "$(cat)"');
  expect(await runHelper("echo", "get", "reg.io:5000/$(id)", { env: home.env })).toBe(
    "get|reg.io:5000/$(id)",
  );
});

test("a helper that knows nothing is no failure", async () => {
  await using home = await makeHome();
  await home.program("none", "echo 'credentials not found in native keychain'; exit 1");
  expect(await runHelper("none", "get", "reg.io", { env: home.env })).toBeUndefined();
});

describe("a helper that fails is told by name, and what it printed is not", () => {
  test.each([
    ["fails", `echo ${CANARY}; echo ${CANARY} >&2; exit 1`, "HELPER_FAILED"],
    ["is killed", `echo ${CANARY}; kill -9 $$`, "HELPER_FAILED"],
    ["prints without end", `yes ${CANARY}`, "SIZE_EXCEEDED"],
    ["hangs", `echo ${CANARY}; sleep 5`, "HELPER_FAILED"],
    ["prints a banner", `echo "Welcome! ${CANARY}"; echo '{"Username":"u","Secret":"${CANARY}"}'`, "CONFIG"],
    ["prints a list", `echo '["${CANARY}"]'`, "CONFIG"],
    ["leaves out the secret", `echo '{"Username":"${CANARY}"}'`, "CONFIG"],
  ])("when it %s", async (_, shell, code) => {
    await using home = await makeHome();
    await home.program("bad", shell);
    const store = credentialHelperStore("bad", { env: home.env, timeoutMs: 1000 });
    const error = await store.get({ registry: "reg.io" }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain("docker-credential-bad get");
    expect(String(error)).not.toContain("canary");
  });

  test("when there is none", async () => {
    await using home = await makeHome();
    await expect(runHelper("missing", "get", "reg.io", { env: home.env })).rejects.toThrow(
      "docker-credential-missing is not installed, or not on the PATH",
    );
  });

  test("when the caller leaves, it is ended", async () => {
    await using home = await makeHome();
    await home.program("slow", `echo $$ > ${home.path("$HOME/pid")}; exec sleep 60`);
    const controller = new AbortController();
    const running = runHelper("slow", "get", "reg.io", { env: home.env, signal: controller.signal });
    running.catch(() => {});
    let pid = "";
    while (pid === "") {
      await new Promise((resolve) => setTimeout(resolve, 10));
      pid = (await home.read("$HOME/pid").catch(() => "")).trim();
    }
    controller.abort(new Error("left"));
    await expect(running).rejects.toThrow("left");
    await expect.poll(() => isAlive(Number(pid))).toBe(false);
  });
});

describe("a helper as a store", () => {
  test("has an identity token where it says <token>, and asks for Docker Hub by its old name", async () => {
    await using home = await makeHome();
    const hub = "https://index.docker.io/v1/";
    await home.helper("x", {
      get: {
        [hub]: { exit: 0, stdout: '{"ServerURL":"x","Username":"<token>","Secret":"refresh"}' },
        "empty.io": { exit: 0, stdout: '{"ServerURL":"","Username":"","Secret":""}' },
      },
    });
    const store = credentialHelperStore("x", { env: home.env });
    expect(await store.get({ registry: "docker.io" })).toEqual({
      identityToken: "refresh",
      source: "docker-credential-x",
    });
    expect(await store.get({ registry: "empty.io" })).toBeUndefined();
  });

  test("is not started again for another repository of the same host, nor at the same moment", async () => {
    await using home = await makeHome();
    await home.program("x", `echo run >> ${home.path("$HOME/runs")}; echo '{"Username":"u","Secret":"s"}'`);
    const store = credentialHelperStore("x", { env: home.env });
    await Promise.all(["a", "b", "c"].map((repository) => store.get({ registry: "reg.io", repository })));
    await store.get({ registry: "reg.io", repository: "d" });
    expect(await home.read("$HOME/runs")).toBe("run\n");
  });

  test("stores, lists and erases", async () => {
    await using home = await makeHome();
    const file = home.path("$HOME/keychain");
    await home.program(
      "x",
      `case "$1" in
store) cat > ${file};;
get) cat >/dev/null; test -f ${file} && cat ${file} || { echo credentials not found in native keychain; exit 1; };;
list) echo '{"reg.io":"me","https://index.docker.io/v1/":"<token>"}';;
erase) cat > /dev/null; rm ${file};;
esac`,
    );
    const store = credentialHelperStore("x", { env: home.env });
    await store.set({ registry: "reg.io" }, { username: "me", password: 'p"\n' });
    expect(JSON.parse(await home.read("$HOME/keychain"))).toEqual({
      ServerURL: "reg.io",
      Username: "me",
      Secret: 'p"\n',
    });
    expect(await store.get({ registry: "reg.io" })).toMatchObject({ username: "me", password: 'p"\n' });
    expect(await store.list()).toEqual([
      { registry: "reg.io", username: "me", source: "docker-credential-x" },
      { registry: "https://index.docker.io/v1/", source: "docker-credential-x" },
    ]);
    expect(await store.delete({ registry: "reg.io" })).toBe(true);
    expect(await store.delete({ registry: "reg.io" })).toBe(false);
    await store.set({ registry: "reg.io" }, { identityToken: "t" });
    expect(JSON.parse(await home.read("$HOME/keychain"))).toMatchObject({ Username: "<token>", Secret: "t" });
    await expect(store.set({ registry: "reg.io" }, { registryToken: "t" })).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
