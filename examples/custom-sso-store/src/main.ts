import assert from "node:assert/strict";
import { memoryStore } from "@reg/content";
import { buildImage, startCompanyRegistry } from "@reg/example-custom-sso/company";
import { createCompanyClient } from "./company-client.ts";

await using registry = await startCompanyRegistry({
  lifetimeSeconds: 300,
  clients: { builder: { secret: "b-secret", rights: { "team/": ["pull", "push"] } } },
});
const image = `${registry.host}/team/app:1.0`;
const settings = { issuer: registry.sso.issuer, registries: [registry.host], clientId: "builder" };
console.log(
  `a ${registry.kind} registry at ${registry.host}, the company's sign-on at ${registry.sso.issuer}`,
);

await using builder = createCompanyClient({ ...settings, clientSecret: "b-secret" });
await builder.push(await buildImage("hello"), "1.0", image);
await builder.pull(image, memoryStore());
console.log(`builder pushed and pulled ${image}: the sign-on ${registry.sso.log.join(", then ")}`);

await using stranger = createCompanyClient({ ...settings, clientSecret: "wrong" });
await assert.rejects(stranger.pull(image, memoryStore()), /refused builder: 401/);
console.log("a wrong secret is refused by the sign-on");
