import type { CommandDefinition } from "../command.ts";

export const TOOLS: readonly CommandDefinition[] = [
  {
    name: "serve",
    summary: "Run a registry here",
    details: [
      "In memory, or in a folder that other tools read as OCI layouts. Listens on loopback unless --addr says otherwise. A page for a browser is at /.",
      "With --username and --password-stdin it asks for that user and password. Ctrl-C ends it.",
    ],
    arguments: [],
    options: [
      {
        name: "addr",
        value: "HOST:PORT",
        summary: "listen here (default: 127.0.0.1:5000; port 0 takes a free one)",
      },
      { name: "dir", value: "DIR", summary: "keep everything in this folder" },
      {
        name: "tls-cert",
        value: "FILE",
        summary: "speak https with this certificate, in PEM; needs --tls-key",
      },
      { name: "tls-key", value: "FILE", summary: "its private key" },
      { name: "read-only", summary: "refuse every change" },
      { name: "mirror", value: "HOST", summary: "fetch what is not here from this registry, and keep it" },
    ],
    examples: [
      { line: "reg serve", does: "in memory, on 127.0.0.1:5000" },
      {
        line: "reg serve --addr 127.0.0.1:0 --dir /srv/registry --json",
        does: "on a free port, printed as JSON",
      },
    ],
    load: () => import("../commands/serve.ts"),
  },
  {
    name: "ref parse",
    summary: "Take references apart",
    arguments: [{ name: "REF", summary: "a reference; - reads one a line from standard input", many: true }],
    options: [],
    examples: [
      { line: "reg ref parse alpine ghcr.io/a/b@sha256:…", does: "one JSON object a line with --json" },
    ],
    exits: { 2: "one of them is no reference" },
    load: () => import("../commands/ref-parse.ts"),
  },
  {
    name: "ref lint",
    summary: "Check the references in Dockerfiles, compose files and Kubernetes manifests",
    arguments: [{ name: "FILE", summary: "a file", many: true, completes: "file" }],
    options: [
      { name: "fix", summary: "mend what can be mended safely" },
      { name: "strict", summary: "fail for warnings too" },
      {
        name: "format",
        value: "text|sarif",
        choices: ["text", "sarif"],
        summary: "as file:line:column (default), or as SARIF",
      },
    ],
    examples: [{ line: "reg ref lint Dockerfile compose.yaml", does: "file:line:column: what is wrong" }],
    exits: { 1: "there are errors; with --strict, or warnings" },
    load: () => import("../commands/ref-lint.ts"),
  },
  {
    name: "completion",
    summary: "Print the completion script for a shell",
    arguments: [{ name: "SHELL", summary: "bash, zsh or fish", choices: ["bash", "zsh", "fish"] }],
    options: [],
    examples: [
      { line: "source <(reg completion bash)", does: "in ~/.bashrc" },
      { line: "reg completion fish > ~/.config/fish/completions/reg.fish", does: "for fish" },
    ],
    load: () => import("../commands/completion.ts"),
  },
  {
    name: "help",
    summary: "Print help, the manual page or the reference",
    arguments: [{ name: "COMMAND", summary: "a command, in one or two words", optional: true, many: true }],
    options: [
      {
        name: "format",
        value: "text|man|markdown",
        choices: ["text", "man", "markdown"],
        summary: "as text (default), or everything as a manual page or in Markdown",
      },
    ],
    examples: [
      { line: "reg help blob get", does: "the same as reg blob get --help" },
      { line: "reg help --format man | man -l -", does: "the manual page" },
    ],
    load: () => import("../commands/help.ts"),
  },
];
