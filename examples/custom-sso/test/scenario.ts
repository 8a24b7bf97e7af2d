import { setTimeout as sleep } from "node:timers/promises";
import { memoryStore } from "@reg/content";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCompanyClient } from "../src/company-client.ts";
import { type CompanyRegistry, startCompanyRegistry } from "../src/company-registry.ts";
import { buildImage } from "../src/image.ts";

const LIFETIME_SECONDS = 2;

/** The same for any registry behind the sign-on. */
export function describeCompany(kind: CompanyRegistry["kind"]): void {
  describe(`the company's sign-on before a ${kind} registry`, () => {
    let registry: CompanyRegistry;
    let image: string;

    beforeEach(async () => {
      const clients = {
        builder: { secret: "b-secret", rights: { "team/": ["pull", "push"] } },
        deployer: { secret: "d-secret", rights: { "team/": ["pull"] } },
      };
      registry = await startCompanyRegistry({ lifetimeSeconds: LIFETIME_SECONDS, clients }, kind);
      image = `${registry.host}/team/app:1.0`;
    });

    afterEach(() => registry[Symbol.asyncDispose]());

    const client = (clientId: string, clientSecret: string) =>
      createCompanyClient({
        issuer: registry.sso.issuer,
        registries: [registry.host],
        clientId,
        clientSecret,
      });

    test("lets a builder push and a deployer pull, on tokens that are replaced when they end", async () => {
      await client("builder", "b-secret").push(await buildImage("hello"), "1.0", image);
      const deployer = client("deployer", "d-secret");
      await Promise.all([1, 2, 3].map(() => deployer.pull(image, memoryStore())));
      const asked = registry.sso.log.filter((line) => line.includes("deployer"));
      expect(asked).toEqual(["granted deployer repository:team/app:pull"]);
      await sleep(LIFETIME_SECONDS * 1000 + 1200);
      await deployer.pull(image, memoryStore());
      expect(registry.sso.log.filter((line) => line.includes("deployer")).length).toBe(2);
    });

    test("lets a deployer not push", async () => {
      const push = client("deployer", "d-secret").push(await buildImage("hello"), "1.0", image);
      await expect(push).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    });

    test("refuses a wrong secret, and is not asked again for it", async () => {
      await expect(client("deployer", "wrong").pull(image, memoryStore())).rejects.toThrow(
        "refused deployer: 401",
      );
      expect(registry.sso.log).toEqual(["refused deployer"]);
    });

    test("gives no token to a registry it does not know", async () => {
      const stranger = createCompanyClient({
        issuer: registry.sso.issuer,
        registries: ["registry.company.example"],
        clientId: "builder",
        clientSecret: "b-secret",
      });
      await expect(stranger.pull(image, memoryStore())).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
      expect(registry.sso.log).toEqual([]);
    });
  });
}
