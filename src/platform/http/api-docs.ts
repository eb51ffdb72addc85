/** The browsable API: Swagger UI in the colours of the pages, light or dark as the person chose there. */
export const docsPage = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API · Houston</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="/icon.svg" type="image/svg+xml"><script src="/docs/scheme.js"></script>
<link rel="stylesheet" href="/docs/swagger-ui.css"><link rel="stylesheet" href="/docs/docs.css">
</head><body><header class="docs-head"><a href="/">Houston</a><span aria-hidden="true">›</span><b>API</b>
<span class="grow"></span><a href="/openapi.json" download="houston-openapi.json">openapi.json</a></header>
<main id="ui"></main><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>`;

/** Runs before the first paint, so that the wrong colours never flash. The key is the one that the pages use. */
const scheme = `(() => {
  let scheme = 'auto';
  try { scheme = localStorage.getItem('mantine-color-scheme-value') || 'auto'; } catch {}
  const system = matchMedia('(prefers-color-scheme: dark)');
  const paint = () =>
    document.documentElement.classList.toggle('dark-mode', scheme === 'dark' || (scheme === 'auto' && system.matches));
  system.addEventListener('change', paint);
  paint();
})();`;

const start = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#ui',
  deepLinking: true,
  filter: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: -1,
  displayRequestDuration: true,
  persistAuthorization: true,
  validatorUrl: null,
});`;

const style = `:root {
  --ground: #f5f6f8; --panel: #ffffff; --line: #e1e5e9; --strong: #c9d0d7; --text: #14181c; --dim: #56606b;
  --accent: #1d5fc4;
  color-scheme: light;
}
:root.dark-mode {
  --ground: #0d1013; --panel: #13171b; --line: #232a31; --strong: #38424c; --text: #e3e8ec; --dim: #9aa5b0;
  --accent: #74abff;
  color-scheme: dark;
}
body { margin: 0; background: var(--ground); }
.docs-head {
  display: flex; align-items: center; gap: 8px; padding: 0 24px; height: 44px; position: sticky; top: 0; z-index: 5;
  background: var(--ground); border-bottom: 1px solid var(--line); color: var(--text);
  font: 13px Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.docs-head a { color: var(--accent); text-decoration: none; }
.docs-head .grow { flex: 1; }
:is(html, html.dark-mode) .swagger-ui { background: none; color: var(--text); }
:is(html, html.dark-mode) .swagger-ui :is(.opblock-tag, .info .title, .opblock-tag small, .info p) { color: var(--text); }
.swagger-ui, .swagger-ui :is(h2, h3, h4, h5, .opblock-tag, .info .title, .info p, .info li, .btn, input, select, textarea, label,
  .opblock-summary-description, .opblock-section-header h4, .parameter__name, .parameter__type, .tab li, table thead tr th,
  .response-col_status, .model-title, .opblock-description-wrapper p, .responses-inner :is(h4, h5)) {
  font-family: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
.swagger-ui .wrapper { max-width: none; padding: 0 24px; }
.swagger-ui .info { margin: 20px 0 12px; }
.swagger-ui .info hgroup.main { margin: 0 0 4px; }
.swagger-ui .info .title { font-size: 20px; }
.swagger-ui .info .title small { top: -2px; padding: 2px 6px; }
.swagger-ui .info .title small pre { font-size: 11px; }
.swagger-ui .info .link { display: none; }
:is(html, html.dark-mode) .swagger-ui .scheme-container { background: none; box-shadow: none; margin: 0; padding: 0; }
.swagger-ui .scheme-container .schemes { align-items: center; }
:is(html, html.dark-mode) .swagger-ui .scheme-container .btn.authorize { border: 1px solid var(--strong); color: var(--text); font-weight: 500; }
:is(html, html.dark-mode) .swagger-ui .scheme-container .btn.authorize svg { fill: var(--dim); color: var(--dim); }
.swagger-ui .filter .operation-filter-input {
  margin: 12px 0; padding: 6px 10px; border: 1px solid var(--strong); border-radius: 4px; font-size: 13px;
}
:is(html, html.dark-mode) .swagger-ui .opblock-tag {
  font-size: 15px; padding: 8px 4px; border-bottom: 1px solid var(--line);
}
:is(html, html.dark-mode) .swagger-ui .opblock-tag small { color: var(--dim); font-family: inherit; font-size: 13px; padding: 0 12px; }
.swagger-ui .opblock-tag small .renderedMarkdown p { margin: 0; color: inherit; font: inherit; }
.swagger-ui .opblock-tag:hover { background: var(--panel); }
.swagger-ui .opblock { box-shadow: none; margin: 0 0 6px; }
.swagger-ui .opblock .opblock-summary-path { font-size: 13px; max-width: none; flex-shrink: 0; }
.swagger-ui .opblock .opblock-summary-description { text-align: right; }
.swagger-ui :is(a, button, input, select, textarea):focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
`;

/** What stands under /docs beside the files of Swagger UI, with its type. */
export const docsFiles: Readonly<Record<string, { type: string; text: string }>> = {
  'scheme.js': { type: 'text/javascript; charset=utf-8', text: scheme },
  'start.js': { type: 'text/javascript; charset=utf-8', text: start },
  'docs.css': { type: 'text/css; charset=utf-8', text: style },
};
