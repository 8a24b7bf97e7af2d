import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { memoryStore } from "@reg/content";
import { createCompanyClient } from "./company-client.ts";
import { startCompanyRegistry } from "./company-registry.ts";
import { buildImage } from "./image.ts";

const LIFETIME_SECONDS = 3;

await using registry = await startCompanyRegistry({
  lifetimeSeconds: LIFETIME_SECONDS,
  clients: {
    builder: { secret: "b-secret", rights: { "team/": ["pull", "push"] } },
    deployer: { secret: "d-secret", rights: { "team/": ["pull"] } },
  },
});
const image = `${registry.host}/team/app:1.0`;
const settings = { issuer: registry.sso.issuer, registries: [registry.host] };
console.log(
  `a ${registry.kind} registry at ${registry.host}, the company's sign-on at ${registry.sso.issuer}`,
);

await using builder = createCompanyClient({ ...settings, clientId: "builder", clientSecret: "b-secret" });
const pushed = await builder.push(await buildImage("hello"), "1.0", image);
console.log(`builder pushed ${image}`);

await using deployer = createCompanyClient({ ...settings, clientId: "deployer", clientSecret: "d-secret" });
await deployer.pull(image, memoryStore());
const asked = registry.sso.log.length;
await deployer.pull(image, memoryStore());
assert.equal(registry.sso.log.length, asked, "a token that is good is not asked for again");
console.log("deployer pulled it twice with one token");

await sleep(LIFETIME_SECONDS * 1000 + 500);
await deployer.pull(image, memoryStore());
assert.equal(registry.sso.log.length, asked + 1, "a token that has ended is replaced");
console.log("deployer pulled it again with a new token");

await assert.rejects(deployer.push(await buildImage("changed"), "1.0", image), { code: "UNAUTHENTICATED" });
console.log("deployer may not push");

await using stranger = createCompanyClient({ ...settings, clientId: "deployer", clientSecret: "wrong" });
await assert.rejects(stranger.pull(image, memoryStore()), /refused deployer: 401/);
console.log("a wrong secret is refused by the sign-on");
assert.ok(pushed);
