import { describe, expect, test } from "vitest";
import {
  type Credential,
  type CredentialKey,
  type CredentialLookup,
  type CredentialStore,
  chain,
} from "../../src/index.ts";
import { parseConfig } from "../../src/node/config-file.ts";
import { findKubernetesCredentials } from "../../src/node/kubernetes-store.ts";
import { containersAuthStore, dockerAuthConfigStore, dockerConfigStore } from "../../src/node.ts";
import { type HelperScript, makeHome } from "../support/home.ts";
import vectors from "../vectors/credential.json" with { type: "json" };

interface Expected {
  readonly type: string;
  readonly username?: string;
  readonly password?: string;
}

interface Vector {
  readonly id: string;
  readonly dialect: string;
  readonly files: Readonly<Record<string, string>>;
  readonly lookup: string;
  readonly expected: Expected | readonly Expected[];
  readonly env?: Readonly<Record<string, string>>;
  readonly helpers?: Readonly<Record<string, HelperScript>>;
  readonly warning?: string;
}

/**
 * docker refuses the whole file for one broken entry. Here such an entry matters to its own host alone, so the good
 * one beside it is found.
 */
const ONE_BROKEN_ENTRY = "docker-no-colon";

// JSON types each list by its own members; the shape they share is Vector.
const all = vectors as unknown as readonly Vector[];

describe("what each tool finds, we find", () => {
  test.each(all.map((vector) => [vector.id, vector] as const))("%s", async (id, vector) => {
    await using home = await makeHome(vector.files);
    for (const [name, script] of Object.entries(vector.helpers ?? {})) await home.helper(name, script);
    const env: Record<string, string> = { ...home.env, ...vector.env };
    if (env["DOCKER_CONFIG"] !== undefined) env["DOCKER_CONFIG"] = home.path(env["DOCKER_CONFIG"]);
    const key = keyOf(vector.lookup, vector.dialect);

    if (Array.isArray(vector.expected)) {
      const document = parseConfig(vector.files[".dockerconfigjson"] ?? "", "secret");
      const found = findKubernetesCredentials(document, key, "secret").map(({ credential }) =>
        plain(credential),
      );
      expect(found).toEqual(vector.expected);
      return;
    }
    const lookups: CredentialLookup[] = [];
    const result = storeFor(vector.dialect, env).get(key, { trace: (lookup) => lookups.push(lookup) });
    if (id === ONE_BROKEN_ENTRY) {
      expect(plain(await result)).toEqual({ type: "basic", username: "u", password: "p" });
      await expect(storeFor("docker", env).get({ registry: "r.example" })).rejects.toMatchObject({
        code: "CONFIG",
      });
    } else if ((vector.expected as Expected).type === "error") {
      await expect(result).rejects.toMatchObject({
        code: expect.stringMatching(/^(CONFIG|HELPER_FAILED)$/) as string,
      });
      expect(lookups.some(({ found }) => found === "error")).toBe(!id.includes("key-with-tag"));
    } else {
      expect(plain(await result)).toEqual(vector.expected);
    }
    if (vector.warning?.startsWith("invalid DOCKER_AUTH_CONFIG") === true) {
      expect(lookups[0]).toMatchObject({
        store: "DOCKER_AUTH_CONFIG",
        found: "nothing",
        message: expect.stringContaining("ignored") as string,
      });
    }
  });
});

function storeFor(dialect: string, env: Readonly<Record<string, string>>): CredentialStore {
  if (dialect === "containers") return containersAuthStore({ env });
  if (dialect === "gitlab-runner") return dockerAuthConfigStore({ env, dialect: "gitlab-runner" });
  return chain(dockerAuthConfigStore({ env }), dockerConfigStore({ env }));
}

function keyOf(lookup: string, dialect: string): CredentialKey {
  const slash = lookup.indexOf("/");
  if (slash !== -1) return { registry: lookup.slice(0, slash), repository: lookup.slice(slash + 1) };
  return dialect === "kubernetes"
    ? { registry: "docker.io", repository: `library/${lookup}` }
    : { registry: lookup };
}

function plain(credential: Credential | undefined): Expected {
  if (credential === undefined) return { type: "none" };
  if (!("password" in credential)) return { type: "token" };
  return { type: "basic", username: credential.username, password: credential.password };
}
