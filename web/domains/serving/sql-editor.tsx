import { autocompletion, type CompletionContext, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { QueryColumn } from '../../api/types.ts';

export type SqlEditorProps = {
  text: string;
  setText: (text: string) => void;
  run: () => void;
  columns: readonly QueryColumn[];
};

const words =
  'SELECT FROM WHERE GROUP BY ORDER BY LIMIT HAVING WITH AS AND OR NOT NULL IS IN BETWEEN CASE WHEN THEN ELSE END DISTINCT FILTER count( avg( sum( min( max( quantile_cont( round( time_bucket( INTERVAL corr( arg_max('.split(
    ' ',
  );

/** A few lines of SQL: Ctrl-Enter runs them, columns are offered while typing. Loaded with the page's tab. */
export function SqlEditor(props: SqlEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.text,
        extensions: [
          history(),
          EditorView.lineWrapping,
          autocompletion({
            override: [(context) => complete(latest.current.columns, context)],
            icons: false,
          }),
          keymap.of([
            {
              key: 'Mod-Enter',
              run: () => {
                latest.current.run();
                return true;
              },
            },
            ...completionKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          EditorView.contentAttributes.of({ 'aria-label': 'SQL', spellcheck: 'false' }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.setText(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (!editor || editor.state.doc.toString() === props.text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.text } });
  }, [props.text]);
  return <div ref={place} className="sql-editor" />;
}

function complete(columns: readonly QueryColumn[], context: CompletionContext) {
  const word = context.matchBefore(/[\w"]+/);
  if (!word || (word.from === word.to && !context.explicit)) return null;
  return {
    from: word.from,
    options: [
      ...columns.map(({ name, type, kind }) => ({
        label: quotedName(name),
        detail: `${type} · ${kind}`,
        boost: 2,
      })),
      { label: 'predictions', detail: 'the view', boost: 3 },
      ...words.map((label) => ({ label })),
    ],
  };
}

/** A name as SQL takes it: quoted where it has to be. */
export function quotedName(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
