import { Suspense, use } from 'react';
import './markdown.css';

type Render = (text: string) => string;

let renderer: Promise<Render> | undefined;

/** The reader of Markdown comes with the first text that needs it. */
function loadRenderer(): Promise<Render> {
  renderer ??= import('markdown-it').then(({ default: MarkdownIt }) => {
    // No HTML of the text's own, and no pictures: whoever opens a page must not ask a stranger's server for something.
    const markdown = new MarkdownIt({ html: false }).disable('image');
    markdown.renderer.rules.link_open = (tokens, at, options, _env, self) => {
      tokens[at]?.attrSet('rel', 'noreferrer noopener');
      tokens[at]?.attrSet('target', '_blank');
      return self.renderToken(tokens, at, options);
    };
    return (text) => markdown.render(text);
  });
  return renderer;
}

/** A text as Markdown, which cannot bring HTML, scripts or pictures of its own. */
export function Markdown({ text }: { text: string }) {
  return (
    <Suspense fallback={<div className="markdown pending">{text}</div>}>
      <Rendered text={text} />
    </Suspense>
  );
}

function Rendered({ text }: { text: string }) {
  const render = use(loadRenderer());
  // biome-ignore lint/security/noDangerouslySetInnerHtml: the reader escapes all HTML and refuses script addresses
  return <div className="markdown" dangerouslySetInnerHTML={{ __html: render(text) }} />;
}
