import { spawnSync } from "node:child_process";
import { describe } from "vitest";
import { describeCompany } from "./scenario.ts";

const installed = ["docker-registry", "openssl"].every(
  (name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0,
);
if (!installed && process.env["REG_INTEROP"] === "required")
  throw new Error("docker-registry or openssl is missing");

describe.skipIf(!installed)("a registry in token mode", () => describeCompany("distribution"));
