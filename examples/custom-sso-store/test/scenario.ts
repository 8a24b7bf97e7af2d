import { memoryStore } from "@reg/content";
import { buildImage, type CompanyRegistry, startCompanyRegistry } from "@reg/example-custom-sso/company";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCompanyClient } from "../src/company-client.ts";

/** The same for any registry behind the sign-on. */
export function describeCompany(kind: CompanyRegistry["kind"]): void {
  describe(`a store that asks the sign-on, before a ${kind} registry`, () => {
    let registry: CompanyRegistry;
    let image: string;

    beforeEach(async () => {
      const clients = { builder: { secret: "b-secret", rights: { "team/": ["pull", "push"] } } };
      registry = await startCompanyRegistry({ lifetimeSeconds: 300, clients }, kind);
      image = `${registry.host}/team/app:1.0`;
    });

    afterEach(() => registry[Symbol.asyncDispose]());

    const client = (clientSecret: string) =>
      createCompanyClient({
        issuer: registry.sso.issuer,
        registries: [registry.host],
        clientId: "builder",
        clientSecret,
      });

    test("is asked once for a push and a pull, each of which has its own token", async () => {
      const builder = client("b-secret");
      await builder.push(await buildImage("hello"), "1.0", image);
      await builder.pull(image, memoryStore());
      expect(registry.sso.log[0]).toBe("granted builder");
      expect(registry.sso.log.filter((line) => line === "granted builder").length).toBe(1);
      expect(registry.sso.log.length).toBeLessThanOrEqual(3);
    });

    test("has its failure told when the registry lets nobody in without", async () => {
      await expect(client("wrong").pull(image, memoryStore())).rejects.toThrow("refused builder: 401");
    });
  });
}
