// How the page of the commands looks: on a wide screen and a phone, by day and by night, on paper.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fdfdfc; --raised: #f3f4f2; --line: #dcdfda; --text: #1d2320; --soft: #59635d;
  --accent: #0b6b53; --accent-ground: #e2f1ec; --warm: #8a4b08; --warm-ground: #fbeedd;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131715; --raised: #1c211f; --line: #333b37; --text: #e5eae7; --soft: #9faca5;
    --accent: #6fd3b4; --accent-ground: #17352c; --warm: #f0b673; --warm-ground: #3a2a16;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0; background: var(--ground); color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
a { color: var(--accent); text-underline-offset: .15em; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; font-size: .875em; }
p code, dd code, li code { background: var(--raised); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100vw; background: var(--ground); padding: .6rem 1rem; z-index: 2; }
.skip:focus { left: .5rem; top: .5rem; }
.frame { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: block; padding: .22rem .6rem; border-radius: 5px; text-decoration: none; overflow-wrap: anywhere; font-size: .9rem; }
nav li a:hover { background: var(--accent-ground); }
nav h2 { font-size: .8rem; letter-spacing: .04em; color: var(--soft); margin: 0 0 .4rem .6rem; font-weight: 600; }
header { padding: 2.2rem 0 1rem; }
header p { max-width: 46rem; margin: .4rem 0; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em; }
.version { color: var(--soft); font-size: .95rem; font-weight: 400; white-space: nowrap; }
article { border-top: 1px solid var(--line); padding: 1.6rem 0 1.8rem; }
article > h2 { margin: 0; font-size: 1.3rem; overflow-wrap: anywhere; }
article > h2 a { color: inherit; text-decoration: none; }
article > h2 a:hover { text-decoration: underline; }
.routes { margin: .5rem 0; display: flex; flex-wrap: wrap; gap: .4rem .5rem; align-items: baseline; }
.route { background: var(--accent-ground); color: var(--accent); border-radius: 5px; padding: .15rem .5rem; overflow-wrap: anywhere; }
.route b { font-weight: 700; }
.who { color: var(--warm); background: var(--warm-ground); border-radius: 5px; padding: .12rem .5rem; font-size: .82rem; }
h3 { font-size: .95rem; margin: 1.3rem 0 .4rem; }
dl { margin: 0; border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
dl > div { display: grid; grid-template-columns: minmax(11rem, 17rem) 1fr; gap: .2rem 1.2rem; padding: .45rem .8rem; }
dl > div + div { border-top: 1px solid var(--line); }
dt { overflow-wrap: anywhere; }
dt code { font-weight: 600; }
dt span { display: block; color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-size: .95rem; overflow-wrap: anywhere; }
details { margin: .7rem 0; }
summary { cursor: pointer; color: var(--accent); padding: .2rem 0; }
details[open] > summary { margin-bottom: .4rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; }
.pair > * { min-width: 0; }
figure { margin: .5rem 0 1rem; }
figcaption { margin-bottom: .4rem; }
.label { color: var(--soft); font-size: .8rem; margin: 0 0 .2rem; }
pre {
  margin: 0; padding: .7rem .85rem; background: var(--raised); border: 1px solid var(--line); border-radius: 8px;
  white-space: pre-wrap; overflow-wrap: anywhere;
}
.specs { margin: 0; padding-left: 1.2rem; font-size: .9rem; }
footer { border-top: 1px solid var(--line); color: var(--soft); font-size: .9rem; padding: 1.2rem 0 3rem; }
.contents > summary { font-weight: 600; }
@media (min-width: 62rem) {
  .columns { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 2.5rem; }
  .side { position: sticky; top: 0; align-self: start; max-height: 100vh; overflow-y: auto; padding: 1.6rem 0; }
  .contents { display: none; }
}
@media (max-width: 61.99rem) { .side { display: none; } }
@media (max-width: 40rem) {
  header { padding-top: 1.4rem; }
  h1 { font-size: 1.5rem; }
  dl > div { grid-template-columns: 1fr; }
  .pair { grid-template-columns: 1fr; }
}
@media print { .side, .contents, .skip { display: none; } details::details-content { content-visibility: visible; } }
`
