import type { FaultCase } from "../case.ts";
import type { ServerCase } from "../servers/server-case.ts";
import { challengeCases } from "./auth-challenges.ts";
import { configurationCases } from "./auth-configuration.ts";
import { helperCases } from "./auth-helpers.ts";
import { networkCases } from "./auth-network.ts";
import { originCases } from "./auth-origins.ts";
import { redirectCases } from "./auth-redirects.ts";
import { secretCases } from "./auth-secrets.ts";
import { tokenCases } from "./auth-tokens.ts";
import { documentCases } from "./client-documents.ts";
import { graphCases } from "./client-graph.ts";
import { sessionCases } from "./client-sessions.ts";
import { surpriseCases } from "./client-surprises.ts";
import { uploadCases } from "./client-uploads.ts";
import { outputCases } from "./command-output.ts";
import { diskCases } from "./layout-disks.ts";
import { fileCases } from "./layout-files.ts";
import { folderCases } from "./layout-folders.ts";
import { unpackingCases } from "./layout-unpacking.ts";
import { nameCases } from "./reference-names.ts";
import { contentCases } from "./server-content.ts";
import { doorCases } from "./server-doors.ts";
import { serverUploadCases } from "./server-uploads.ts";
import { answerCases } from "./transport-answers.ts";
import { bodyCases } from "./transport-bodies.ts";
import { connectionCases } from "./transport-connections.ts";

/** Every case that is played by a client, by area. */
export const cases: readonly FaultCase[] = [
  nameCases,
  redirectCases,
  secretCases,
  tokenCases,
  challengeCases,
  configurationCases,
  helperCases,
  originCases,
  networkCases,
  bodyCases,
  answerCases,
  connectionCases,
  documentCases,
  graphCases,
  uploadCases,
  sessionCases,
  surpriseCases,
  folderCases,
  diskCases,
  fileCases,
  unpackingCases,
  outputCases,
].flat();

/** Every case where a server is under test. */
export const serverCases: readonly ServerCase[] = [doorCases, contentCases, serverUploadCases].flat();
