/** What a page may set, with its value in light and in dark: `--sealdrop-accent` and so on. */
const colors = {
  page: ['#fff', '#151d23'],
  sunken: ['#f6f8f9', '#10171c'],
  ink: ['#14212b', '#e6edf2'],
  soft: ['#51606d', '#9dacb9'],
  line: ['#d9e0e5', '#28343d'],
  'strong-line': ['#7d8b97', '#6b7c8a'],
  accent: ['#0a6f5d', '#3ec7a8'],
  'on-accent': ['#fff', '#04231c'],
  'accent-soft': ['#e2f2ee', '#12312b'],
  'accent-ink': ['#07574a', '#7fe0c9'],
  warn: ['#9a3a12', '#f4a27a'],
  'warn-soft': ['#fdf1ea', '#2b1c15'],
  'warn-line': ['#efc7b0', '#5c3825'],
} as const

const rules = `
:host{display:block;container-type:inline-size;color:var(--ink);font-family:var(--sealdrop-font,inherit);font-size:1rem;line-height:1.5;text-align:start}
:host([hidden]),[hidden]{display:none !important}
*,::before{box-sizing:border-box}
p,ul,dl,dd{margin:0;padding:0}
ul{list-style:none}
code{font:.8125rem/1.5 var(--sealdrop-mono,ui-monospace,Menlo,Consolas,monospace);overflow-wrap:anywhere}
svg{flex:none;width:1.5rem;height:1.5rem;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.hidden-text{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.box{position:relative;display:grid;grid-template-columns:minmax(0,1fr);gap:18px;padding:16px;background:var(--page);border:1px solid var(--line);border-radius:var(--radius)}
.title{font-size:1.25rem;font-weight:700;line-height:1.3;letter-spacing:-.012em;overflow-wrap:anywhere;text-wrap:balance;margin-bottom:4px}
.soft,.about p,dt{color:var(--soft)}
.row{display:flex;flex-wrap:wrap;gap:10px}
button{padding:9px 18px;font:inherit;color:var(--ink);background:var(--page);border:1px solid var(--strong-line);border-radius:calc(var(--radius) * .6);cursor:pointer;overflow-wrap:anywhere}
button:hover{border-color:var(--accent);background:var(--accent-soft)}
.strong{font-weight:600}
.main{font-weight:600;color:var(--on-accent);background:var(--accent);border-color:var(--accent)}
.main:hover{color:var(--on-accent);background:var(--accent-ink);border-color:var(--accent-ink)}
button:disabled{opacity:.55;cursor:not-allowed}
.small{flex:none;padding:4px 12px;font-size:.875rem}
.who{display:flex;gap:12px;padding:14px 16px;background:var(--accent-soft);border-radius:calc(var(--radius) * .7)}
.who>div{flex:1;min-width:0}
.who>svg{color:var(--accent-ink)}
.who[data-problem]{background:var(--warn-soft);box-shadow:inset 0 0 0 1px var(--warn-line)}
.who[data-problem]>svg,.who[data-problem] .who-title{color:var(--warn)}
.who-title,.outcome-title{font-weight:600;overflow-wrap:anywhere}
.who button{margin-top:10px}
dl>div{margin-top:6px;font-size:.9375rem}
dt{font-size:.8125rem}
.who dt{color:inherit;opacity:.85}
.key{display:block}
.chip{padding:0 6px;border:1px solid var(--line);border-radius:5px;background:var(--page);white-space:nowrap}
.zone{display:grid;justify-items:center;gap:10px;padding:26px 14px;border:2px dashed var(--strong-line);border-radius:calc(var(--radius) * .7);background:var(--sunken);text-align:center}
.zone>svg{width:2rem;height:2rem;color:var(--accent);stroke-width:1.5}
.zone .row{justify-content:center}
.zone[data-over]{border-color:var(--accent);border-style:solid;background:var(--accent-soft)}
.zone .soft,.about p{font-size:.875rem}
.list{max-height:22rem;margin:-3px;padding:3px;overflow-y:auto}
li{display:flex;flex-wrap:wrap;align-items:center;gap:6px 12px;padding:10px 0;border-top:1px solid var(--line)}
li:first-child{border-top:0}
.about{flex:1 1 9rem;min-width:0}
.name{display:block;font-weight:600;overflow-wrap:anywhere;line-height:1.35}
.name .soft{font-weight:400}
.about p{display:flex;flex-wrap:wrap;gap:0 10px;font-variant-numeric:tabular-nums}
.tick{display:grid;place-items:center;flex:none;width:1.75rem;height:1.75rem;border-radius:50%;background:var(--sunken);box-shadow:inset 0 0 0 1px var(--line);color:transparent}
.tick svg{width:1.1rem;height:1.1rem;stroke-width:2.5}
[data-state='sending']>.tick{box-shadow:inset 0 0 0 2px var(--accent)}
[data-state='done']>.tick{background:var(--accent);color:var(--on-accent);box-shadow:none}
[data-state='failed']>.tick{background:var(--warn-soft);box-shadow:inset 0 0 0 2px var(--warn)}
[data-state='failed'] .state,[data-state='failed'] code{color:var(--warn)}
.remove{display:grid;flex:none;padding:8px;border-color:transparent;background:none;color:var(--soft)}
.remove svg{width:1.1rem;height:1.1rem}
progress{appearance:none;display:block;width:100%;height:6px;margin-top:6px;border:0;border-radius:6px;overflow:hidden;background:var(--line);color:var(--accent)}
.whole{height:12px;margin-top:8px}
progress::-webkit-progress-bar{background:var(--line)}
progress::-webkit-progress-value{background:var(--accent);border-radius:6px}
progress::-moz-progress-bar{background:var(--accent);border-radius:6px}
.total p{display:flex;flex-wrap:wrap;align-items:baseline;gap:2px 12px;color:var(--soft);font-size:.9375rem;font-variant-numeric:tabular-nums}
.total b{min-width:3.2ch;color:var(--ink);font-size:1.5rem;line-height:1.2;letter-spacing:-.02em}
.outcome,.unfinished{display:grid;gap:4px;padding:14px 16px;border-radius:calc(var(--radius) * .7);background:var(--accent-soft)}
.outcome .soft,.unfinished .soft,.unfinished .about p{color:inherit}
.outcome button{justify-self:start;margin-top:8px}
.outcome[data-failed]{background:var(--warn-soft)}
.outcome[data-failed] .outcome-title{color:var(--warn)}
.unfinished{background:var(--sunken);box-shadow:inset 0 0 0 1px var(--line)}
@container (min-width:30rem){
.box{padding:24px}
dl>div{display:grid;grid-template-columns:9rem minmax(0,1fr);gap:0 12px}
dt{font-size:.9375rem}
.speed{margin-inline-start:auto}}
@media (prefers-reduced-motion:no-preference){
button,.zone{transition:background-color .15s,border-color .15s}
progress::-webkit-progress-value{transition:inline-size .2s linear}}
@media (forced-colors:active){
progress{border:1px solid}
.who,.outcome,.unfinished,.tick{border:1px solid}}`

/** The style sheet: colours of light, and those of dark where `color-scheme` is dark. */
export function styles(): CSSStyleSheet {
  const host = (value: (light: string, dark: string) => string): string =>
    Object.entries(colors)
      .map(([name, [light, dark]]) => `--${name}:var(--sealdrop-${name},${value(light, dark)});`)
      .join('')
  const sheet = new CSSStyleSheet()
  // light-dark() follows the color-scheme of the page; a browser without it shows light
  sheet.replaceSync(
    `:host{--radius:var(--sealdrop-radius,14px);${host((light) => light)}}` +
      `@supports (color:light-dark(red,red)){:host{${host((light, dark) => `light-dark(${light},${dark})`)}}}` +
      rules,
  )
  return sheet
}
