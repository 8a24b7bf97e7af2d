import type { OptionDefinition } from "./command.ts";

/** Options that every command takes. */
export const COMMON_OPTIONS: readonly OptionDefinition[] = [
  { name: "json", summary: "print JSON of a stable shape, and failures as JSON on standard error" },
  {
    name: "platform",
    value: "OS/ARCH[/VARIANT]",
    summary:
      "choose this platform of an image for several; several, with commas between, where images are moved",
  },
  { name: "all-platforms", summary: "take the image for every platform it is made for" },
  { name: "plain-http", summary: "speak http instead of https (loopback addresses do so by themselves)" },
  { name: "https", summary: "speak https, to loopback addresses too" },
  {
    name: "insecure",
    summary: "accept any TLS certificate; with --plain-http, send passwords unencrypted too",
  },
  { name: "ca", value: "FILE", summary: "trust the certificates in this PEM file besides the system's" },
  {
    name: "family",
    value: "4|6|auto",
    choices: ["4", "6", "auto"],
    summary: "connect by IPv4, by IPv6, or by whichever answers first (default: auto)",
  },
  {
    name: "resolve",
    value: "HOST:PORT:ADDR",
    many: true,
    summary: "connect to this address for that host and port",
  },
  { name: "proxy", value: "URL", summary: "go through this proxy instead of the one in the environment" },
  {
    name: "registries-conf",
    value: "FILE",
    summary:
      "take mirrors, blocked and insecure registries and credential helpers from this file, in podman's form",
  },
  { name: "hosts-dir", value: "DIR", summary: "take mirrors from this folder, in containerd's form" },
  { name: "username", short: "u", value: "U", summary: "sign in as this user; needs --password-stdin" },
  { name: "password-stdin", summary: "read the password from standard input" },
  {
    name: "realm",
    value: "HOST=URL",
    many: true,
    summary: "let the credentials for this registry go to that token server",
  },
  { name: "authfile", value: "FILE", summary: "read and keep credentials in this file" },
  {
    name: "token-cache",
    value: "FILE",
    summary: "keep tokens in this file, for its owner alone, so that the next run need not ask for them",
  },
  {
    name: "progress",
    value: "auto|plain|json|none",
    choices: ["auto", "plain", "json", "none"],
    summary:
      "how to show progress on standard error: bars on a terminal and lines otherwise, lines, JSON, or not at all",
  },
  { name: "concurrency", value: "N", atLeast: 1, summary: "move this many blobs at a time" },
  {
    name: "workers",
    value: "N",
    atLeast: 0,
    summary: "threads for large blobs beside the first (default: one less than processors, at most 2)",
  },
  {
    name: "ranges",
    value: "N|auto|off",
    summary:
      "fetch a large blob over this many connections, in parts; over several where one is slow and more bring more (auto, the default); or over one",
  },
  { name: "timeout", value: "S", atLeast: 1, summary: "give up after this many seconds in all" },
  { name: "debug", summary: "print one line for each request on standard error" },
  { name: "quiet", short: "q", summary: "print results and failures, nothing else" },
  { name: "help", short: "h", summary: "print this help" },
];
