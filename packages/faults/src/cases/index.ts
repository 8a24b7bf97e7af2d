import type { FaultCase } from "../case.ts";
import { redirectCases } from "./auth-redirects.ts";
import { secretCases } from "./auth-secrets.ts";
import { tokenCases } from "./auth-tokens.ts";
import { documentCases } from "./client-documents.ts";
import { uploadCases } from "./client-uploads.ts";
import { answerCases } from "./transport-answers.ts";
import { bodyCases } from "./transport-bodies.ts";

/** Every case of the suite, by area. */
export const cases: readonly FaultCase[] = [
  redirectCases,
  secretCases,
  tokenCases,
  bodyCases,
  answerCases,
  documentCases,
  uploadCases,
].flat();
