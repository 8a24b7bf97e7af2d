import type { CommandDefinition } from "../command.ts";
import { HOST, REF } from "./arguments.ts";

export const SIGNING_IN: readonly CommandDefinition[] = [
  {
    name: "login",
    summary: "Keep credentials for a registry, once it has accepted them",
    details: [
      "Asks for what is not given. Nothing is kept that the registry refuses. docker and podman read the same file.",
    ],
    arguments: [HOST],
    options: [],
    examples: [
      { line: "reg login ghcr.io", does: "asks for user and password" },
      { line: 'printf %s "$TOKEN" | reg login ghcr.io -u me --password-stdin', does: "in a script" },
    ],
    exits: { 4: "the registry refuses the credentials; nothing was kept" },
    load: () => import("../commands/login.ts"),
  },
  {
    name: "logout",
    summary: "Forget the credentials for a registry",
    details: ["With --token-cache (or REG_TOKEN_CACHE) the tokens for it in that file go too."],
    arguments: [HOST],
    options: [],
    examples: [{ line: "reg logout ghcr.io", does: "removes them from where login put them" }],
    exits: { 3: "none were kept" },
    load: () => import("../commands/logout.ts"),
  },
  {
    name: "auth get",
    summary: "Show which credentials would be used",
    arguments: [{ ...REF, summary: "an image, a repository or a registry" }],
    options: [{ name: "reveal", summary: "print the secret too" }],
    examples: [{ line: "reg auth get ghcr.io/team/app --json", does: "registry, type, user and source" }],
    exits: { 3: "there are none: requests would be anonymous" },
    load: () => import("../commands/auth-get.ts"),
  },
  {
    name: "auth explain",
    summary: "Show step by step how signing in goes, and why it fails",
    arguments: [{ ...REF, summary: "an image, a repository or a registry" }],
    options: [{ name: "push", summary: "ask for the right to push as well" }],
    examples: [
      {
        line: "reg auth explain ghcr.io/team/app:1",
        does: "stores, challenge, realm, scopes and answer; no secret",
      },
    ],
    exits: { 4: "the registry refuses" },
    load: () => import("../commands/auth-explain.ts"),
  },
];
