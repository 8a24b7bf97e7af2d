/** What the page shows. Strings of the registry become text nodes; links lead to this page's own fragments. */
export const SCRIPT_VIEW: string = String.raw`
function h(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];
function formatBytes(bytes) {
  if (!Number.isFinite(bytes)) return "–";
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return (unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)) + " " + UNITS[unit];
}

const shortDigest = (digest) => digest.replace(/^(\w+:\w{12}).*$/, "$1");
const shortType = (type) => type.replace(/^application\/vnd\./, "").replace(/\+json$/, "");
const linkTo = (repository, reference) =>
  "#/" + repository + (reference === undefined ? "" : (reference.includes(":") ? "@" : ":") + reference);
const formatPlatform = (platform) =>
  platform === undefined ? "–" : [platform.os, platform.architecture, platform.variant].filter(Boolean).join("/");
function formatTime(text) {
  const time = new Date(text ?? NaN);
  return Number.isNaN(time.getTime()) || time.getTime() <= 0 ? "–" : time.toISOString().slice(0, 16).replace("T", " ");
}

const panel = (title, ...children) => h("section", { class: "panel" }, h("h2", {}, title), ...children);
const facts = (pairs) =>
  h("dl", { class: "facts" }, pairs.filter(([, value]) => value !== undefined && value !== "")
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
const table = (heads, rows) =>
  h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, heads.map(([text, kind]) => h("th", { class: kind }, text)))),
    h("tbody", {}, rows)));

function command(text) {
  const button = h("button", { type: "button", "aria-label": "Copy: " + text }, "Copy");
  const code = h("code", {}, text);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without TLS there is no clipboard but the old one.
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  return h("div", { class: "command" }, code, button);
}

function pullCommands(repository, reference) {
  const name = location.host + "/" + repository + (reference.includes(":") ? "@" : ":") + reference;
  const folder = " oci:./" + repository.split("/").at(-1);
  const plain = location.protocol === "http:";
  return panel("Pull",
    command("docker pull " + name),
    command("reg pull " + (plain ? "--plain-http " : "") + name + folder),
    command("skopeo copy " + (plain ? "--src-tls-verify=false " : "") + "docker://" + name + folder));
}

/** What takes a request is filled in a few at a time, and only when it comes into view. */
const fillers = new WeakMap();
const queue = { waiting: [], running: 0 };
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    queue.waiting.push(() => fillers.get(target)(target));
    runNext();
  }
});

function fillLater(fill, row) {
  fillers.set(row, fill);
  seen.observe(row);
  return row;
}

function runNext() {
  const task = queue.running < 6 ? queue.waiting.shift() : undefined;
  if (task === undefined) return;
  queue.running += 1;
  void task().catch(() => {}).finally(() => {
    queue.running -= 1;
    runNext();
  });
}

const imageSize = (body) => (body.layers ?? []).reduce((sum, layer) => sum + layer.size, body.config?.size ?? 0);

async function fillPlatform(row, repository, entry) {
  const { document: body } = await getManifest(repository, entry.digest).catch(() => ({ document: { manifests: [] } }));
  row.cells[2].textContent = Array.isArray(body.manifests) ? "–" : formatBytes(imageSize(body));
}

/** One bar, each layer as wide as its share. */
function layerBar(layers, total) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  let x = 0;
  for (const layer of layers) {
    const width = total === 0 ? 0 : (layer.size / total) * 1000;
    const rect = document.createElementNS(space, "rect");
    rect.setAttribute("x", String(x));
    rect.setAttribute("width", String(Math.max(width - 2, 1)));
    rect.setAttribute("height", "10");
    svg.append(rect);
    x += width;
  }
  return h("div", { class: "bar", "aria-hidden": "true" }, svg);
}

function layersPanel(layers, config) {
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  const steps = (config?.history ?? []).filter((step) => !step.empty_layer);
  const commands = steps.length === layers.length ? steps.map((step) => step.created_by ?? "") : [];
  const rows = layers.map((layer, position) => h("tr", {},
    h("td", {}, String(position + 1)),
    h("td", { class: "wide" },
      h("code", { title: layer.digest }, shortDigest(layer.digest)), " ", h("span", { class: "pill" }, shortType(layer.mediaType)),
      commands[position] ? h("code", { class: "created-by" }, commands[position]) : undefined),
    h("td", { class: "number" }, formatBytes(layer.size))));
  const title = layers.length + (layers.length === 1 ? " layer, " : " layers, ") + formatBytes(total);
  return panel(title, layers.length > 0 ? layerBar(layers, total) : undefined,
    table([["#"], ["Layer"], ["Size", "number"]], rows));
}

function platformsPanel(repository, manifests) {
  const rows = manifests.map((entry) => fillLater((row) => fillPlatform(row, repository, entry), h("tr", {},
    h("td", {}, formatPlatform(entry.platform)),
    h("td", { class: "wide" }, h("a", { href: linkTo(repository, entry.digest) }, h("code", {}, shortDigest(entry.digest))),
      " ", h("span", { class: "pill" }, shortType(entry.artifactType ?? entry.mediaType))),
    h("td", { class: "number" }, "…"))));
  return panel(manifests.length + (manifests.length === 1 ? " manifest" : " manifests"),
    table([["Platform"], ["Manifest"], ["Size", "number"]], rows));
}

function configPanel(config) {
  const { config: run = {} } = config;
  const words = (list) => (Array.isArray(list) && list.length > 0 ? h("code", {}, list.join(" ")) : undefined);
  const lines = (list) => (list.length > 0 ? h("div", {}, list.map((line) => h("div", {}, h("code", {}, line)))) : undefined);
  return panel("Image", facts([
    ["Platform", formatPlatform(config)],
    ["Created", formatTime(config.created)],
    ["User", run.User],
    ["Working folder", run.WorkingDir],
    ["Entrypoint", words(run.Entrypoint)],
    ["Command", words(run.Cmd)],
    ["Ports", Object.keys(run.ExposedPorts ?? {}).join(", ")],
    ["Environment", lines(run.Env ?? [])],
    ["Labels", lines(Object.entries(run.Labels ?? {}).map(([name, value]) => name + " = " + value))],
  ]));
}

function annotationsPanel(annotations) {
  const entries = Object.entries(annotations ?? {});
  return entries.length === 0 ? undefined : panel("Annotations", facts(entries));
}

function referrersPanel(repository, referrers) {
  if (referrers.length === 0) return undefined;
  const rows = referrers.map((entry) => h("tr", {},
    h("td", {}, h("span", { class: "pill" }, entry.artifactType ?? shortType(entry.mediaType))),
    h("td", { class: "wide" }, h("a", { href: linkTo(repository, entry.digest) }, h("code", {}, shortDigest(entry.digest)))),
    h("td", { class: "number" }, formatBytes(entry.size))));
  return panel("Attached to this", table([["Type"], ["Manifest"], ["Size", "number"]], rows));
}

function rawPanel(manifest) {
  return h("section", { class: "panel" }, h("details", {},
    h("summary", {}, "Manifest as it is stored, " + formatBytes(manifest.size)),
    h("pre", {}, JSON.stringify(manifest.document, undefined, 2))));
}
`;
