import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { type FaultCase, judge } from "../case.ts";
import { testImage } from "../image.ts";
import { goodRegistry } from "../registry.ts";
import { basicRegistry, helperAnswer, pullsWhole } from "./auth-configuration.ts";
import { judgeRefusedPull, pullFrom } from "./pulling.ts";

/** Programs that keep credentials, and what goes wrong with them. */
export const helperCases: readonly FaultCase[] = [
  {
    id: "helper-answers",
    area: "auth",
    fault: "The credentials are with a helper that does everything right",
    expectation: "Ask it, and sign in.",
    reason: "docker-credential-helpers, the protocol: without this the other cases would prove nothing",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      const { username, password } = stage.canary;
      await stage.helper("canary", `cat >/dev/null; echo '${helperAnswer(username, password)}'`);
      await stage.configure({ credHelpers: { [registry.host]: "canary" } });
      return pullsWhole(stage, registry);
    },
  },
  ...(
    [
      ["a-path", "../x"],
      ["two-words", "a b"],
      ["a-second-command", "x;touch pwned"],
      ["a-substitution", "$(touch pwned)"],
    ] as const
  ).map(
    ([what, name]): FaultCase => ({
      id: `helper-named-as-${what}`,
      area: "auth",
      fault: `A credential helper is named \`${name}\``,
      expectation: "Run nothing of that name.",
      reason: "A helper's name becomes part of a program's name, and must stay that",
      verbs: ["pull"],
      async run(stage) {
        const registry = await basicRegistry(stage);
        // Traps, where a lookup that does not look twice would step into them.
        const trap = `#!/bin/sh\ntouch ${stage.folder}/pwned\n`;
        const home = `${stage.folder}/..`;
        await mkdir(`${home}/docker-credential-..`, { recursive: true });
        await writeFile(`${home}/docker-credential-../x`, trap, { mode: 0o755 });
        await stage.helper("a", `touch ${stage.folder}/pwned`);
        await stage.helper("x", `touch ${stage.folder}/pwned`);
        await stage.configure({ credHelpers: { [registry.host]: name } });
        const refused = judgeRefusedPull(stage, await pullFrom(stage, registry));
        const sprung = [stage.folder, home].some((folder) => existsSync(`${folder}/pwned`));
        return judge(refused.observed, [!sprung, "ran it"], [refused.status === "pass", refused.observed]);
      },
    }),
  ),
  {
    id: "helper-without-a-name",
    area: "auth",
    fault: "The credential helper's name is empty, and the file holds the credentials themselves",
    expectation: "Run nothing (`docker-credential-` is a trap), and sign in by the file.",
    reason: "docker/cli: an empty name switches the helper off",
    verbs: ["pull"],
    async run(stage) {
      const registry = await basicRegistry(stage);
      await stage.helper("", `touch ${stage.folder}/pwned`);
      const { username, password } = stage.canary;
      const auth = Buffer.from(`${username}:${password}`).toString("base64");
      await stage.configure({ credHelpers: { [registry.host]: "" }, auths: { [registry.host]: { auth } } });
      const whole = await pullsWhole(stage, registry);
      return judge(
        whole.observed,
        [!existsSync(`${stage.folder}/pwned`), "ran it"],
        [whole.status === "pass", whole.observed],
      );
    },
  },
  {
    id: "helper-knows-nothing",
    area: "auth",
    fault: "The helper says that it has no such credentials, as helpers do: exit status 1",
    expectation: "Go on without signing in.",
    reason: "docker-credential-helpers, `credentials not found in native keychain`",
    verbs: ["digest"],
    async run(stage) {
      const registry = await stage.origin(goodRegistry(testImage()));
      await stage.helper("canary", "cat >/dev/null; echo credentials not found in native keychain; exit 1");
      await stage.configure({ credsStore: "canary" });
      const { exitCode } = await stage.act({ verb: "digest", reference: `${registry.host}/demo/app:1.0` });
      return judge("went on", [exitCode === 0, `exit code ${exitCode}`]);
    },
  },
  ...(
    [
      ["a-banner", (secret: string) => `echo 'Welcome! ${secret}'`, false],
      ["without-end", (secret: string) => `yes '${secret}'`, false],
      ["and-never-ends", (secret: string) => `echo '${secret}'; exec sleep 600`, true],
      ["and-fails", (secret: string) => `echo 'vault says: ${secret}'; exit 3`, false],
      ["on-its-error-output", (secret: string) => `echo 'vault says: ${secret}' >&2; exit 3`, false],
    ] as const
  ).map(
    ([what, script, slow]): FaultCase => ({
      id: `helper-prints-${what}`,
      area: "auth",
      fault: `The credential helper prints ${what.replaceAll("-", " ")}: with the secret in it, and not in JSON`,
      expectation: "End it within a minute and a bounded memory, and never print what it said.",
      reason: "docker-credential-helpers; what it prints may be the secret",
      verbs: ["pull"],
      slow,
      limitSeconds: 90,
      async run(stage) {
        const registry = await basicRegistry(stage);
        await stage.helper("canary", `cat >/dev/null; ${script(stage.canary.password)}`);
        await stage.configure({ credHelpers: { [registry.host]: "canary" } });
        const outcome = await pullFrom(stage, registry);
        const refused = judgeRefusedPull(stage, outcome);
        const leaks = stage.leaks({ allowed: [] });
        const mebibytes = Math.round((outcome.peakMemoryBytes ?? 0) / 1024 / 1024);
        return judge(
          refused.observed,
          [refused.status === "pass", refused.observed],
          [leaks.length === 0, leaks.join("; ")],
          [mebibytes < 256, `held ${mebibytes} MiB`],
        );
      },
    }),
  ),
];
