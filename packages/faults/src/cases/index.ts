import type { FaultCase } from "../case.ts";
import { redirectCases } from "./auth-redirects.ts";

/** Every case of the suite, by area. */
export const cases: readonly FaultCase[] = [...redirectCases];
