/** One style sheet for light and dark; no font, image or rule comes from elsewhere. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #0f1318);
  --panel: light-dark(#ffffff, #161b22);
  --line: light-dark(#e1e5ea, #272e38);
  --text: light-dark(#1b2330, #dfe5ec);
  --soft: light-dark(#5d6979, #8d99a8);
  --accent: light-dark(#0b6bcb, #5cadff);
  --tint: light-dark(#e8f1fb, #18283a);
  --bad: light-dark(#b3261e, #ff8a80);
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: var(--text);
  background: var(--ground);
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
code, .mono { font-family: var(--mono); font-size: .88em; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; line-height: 1.25; }
h2 { font-size: 1rem; margin: 0 0 .75rem; }
button, input { font: inherit; color: inherit; }
button { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .75rem; cursor: pointer; }
button:hover { border-color: var(--accent); }
button.primary { background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #08121d); }
input { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .65rem; width: 100%; }

header { display: flex; align-items: center; gap: .9rem; padding: .7rem 1.25rem; background: var(--panel); border-bottom: 1px solid var(--line); position: sticky; top: 0; z-index: 1; }
.brand { display: flex; align-items: center; gap: .5rem; font-weight: 650; color: var(--text); }
.brand:hover { text-decoration: none; }
.brand svg { color: var(--accent); }
.host { color: var(--soft); border: 1px solid var(--line); border-radius: 99px; padding: .05rem .65rem; }
.grow { flex: 1; }
.columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); flex: 1; }
nav { border-right: 1px solid var(--line); padding: 1rem; background: var(--panel); }
nav ul { list-style: none; margin: .75rem 0; padding: 0; }
nav li a { display: block; padding: .28rem .65rem; border-radius: 6px; color: var(--text); overflow-wrap: anywhere; }
nav li a:hover { background: var(--ground); text-decoration: none; }
nav li a[aria-current] { background: var(--tint); color: var(--accent); font-weight: 600; }
nav .prefix { color: var(--soft); }
nav button { width: 100%; }
main { padding: 1.75rem 2rem 4rem; max-width: 66rem; outline: none; min-width: 0; }

.crumbs { color: var(--soft); margin: 0 0 .35rem; overflow-wrap: anywhere; }
.sub { color: var(--soft); margin: 0 0 1.25rem; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: 10px; padding: 1.1rem 1.25rem; margin: 0 0 1.1rem; }
.note { color: var(--soft); padding: 2.5rem 1rem; text-align: center; }
.error { color: var(--bad); border-color: currentColor; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .35rem 1.25rem; margin: 0; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: .85em; }
th, td { padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: baseline; }
tr:last-child td { border-bottom: 0; }
td.number, th.number { text-align: right; white-space: nowrap; padding-right: 0; font-variant-numeric: tabular-nums; }
td.wide { width: 100%; }
td.tight, td.tag { white-space: nowrap; padding-right: 1.5rem; }
td.tag { min-width: 8rem; }
.pill { display: inline-block; border-radius: 99px; background: var(--tint); color: var(--accent); font-size: .8em; padding: 0 .6rem; white-space: nowrap; }
.bar { display: flex; height: 10px; gap: 2px; margin: .25rem 0 1rem; border-radius: 5px; overflow: hidden; }
.bar svg { width: 100%; height: 10px; }
.bar rect:nth-child(odd) { fill: var(--accent); }
.bar rect:nth-child(even) { fill: color-mix(in srgb, var(--accent) 55%, var(--panel)); }
.command { display: flex; align-items: center; gap: .5rem; margin: 0 0 .5rem; }
.command:last-child { margin: 0; }
.command code { flex: 1; background: var(--ground); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .7rem; white-space: pre-wrap; }
.command button { min-width: 5.2rem; }
.created-by { color: var(--soft); display: block; }
details summary { cursor: pointer; color: var(--soft); }
details pre { font-family: var(--mono); font-size: .82em; overflow: auto; max-height: 32rem; margin: .75rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
dialog { border: 1px solid var(--line); border-radius: 12px; background: var(--panel); color: var(--text); padding: 1.5rem; width: min(24rem, 92vw); }
dialog::backdrop { background: #0008; }
dialog label { display: block; margin: 0 0 .75rem; color: var(--soft); }
dialog .buttons { display: flex; justify-content: flex-end; gap: .5rem; margin-top: 1rem; }
@media (max-width: 46rem) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  nav { border-right: 0; border-bottom: 1px solid var(--line); }
  nav ul { max-height: 11rem; overflow: auto; }
  main { padding: 1.25rem 1rem 3rem; }
}
`;
