import { describe } from "vitest";
import { isInstalled } from "../src/company-registry.ts";
import { describeCompany } from "./scenario.ts";

const installed = isInstalled("docker-registry", "openssl");
if (!installed && process.env["REG_INTEROP"] === "required")
  throw new Error("docker-registry or openssl is missing");

describe.skipIf(!installed)("a registry in token mode", () => describeCompany("distribution"));
