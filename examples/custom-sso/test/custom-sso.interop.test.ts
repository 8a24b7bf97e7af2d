import { describe } from "vitest";
import { hasPrograms } from "../../../.config/programs.ts";
import { describeCompany } from "./scenario.ts";

describe.skipIf(!hasPrograms("docker-registry", "openssl"))("a registry in token mode", () =>
  describeCompany("distribution"),
);
