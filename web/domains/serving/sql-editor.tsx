import { autocompletion, type CompletionContext, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { QueryColumn } from '../../api/types.ts';

export type SqlEditorProps = {
  text: string;
  setText: (text: string) => void;
  run: () => void;
  columns: readonly QueryColumn[];
  /** Where the statement that ran last is wrong; the mark goes with the next change. */
  wrong: Place | null;
};

/** Line and column, both from 1. */
export type Place = { line: number; column: number };

const setWrong = StateEffect.define<Place | null>();
const wrongMark = Decoration.mark({ class: 'sql-wrong' });

const wrongPlace = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, { effects, docChanged, state }) {
    const told = effects.find((effect) => effect.is(setWrong));
    if (told) return markOf(state, told.value);
    return docChanged ? Decoration.none : marks;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** The word at a place, or the character before it where the text ends. */
function markOf(state: EditorState, place: Place | null): DecorationSet {
  if (!place || place.line > state.doc.lines) return Decoration.none;
  const line = state.doc.line(place.line);
  const at = Math.min(line.from + place.column - 1, line.to);
  const word = state.wordAt(at) ?? {
    from: at < line.to ? at : Math.max(line.from, at - 1),
    to: Math.min(at + 1, line.to),
  };
  return word.from < word.to ? Decoration.set(wrongMark.range(word.from, word.to)) : Decoration.none;
}

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
          wrongPlace,
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
  useEffect(() => {
    const editor = view.current;
    if (!editor) return;
    editor.dispatch({ effects: setWrong.of(props.wrong) });
    if (props.wrong && props.wrong.line <= editor.state.doc.lines) {
      const { from, to } = editor.state.doc.line(props.wrong.line);
      const at = Math.min(from + props.wrong.column - 1, to);
      editor.dispatch({ selection: { anchor: at }, scrollIntoView: true });
    }
  }, [props.wrong]);
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
function quotedName(name: string): string {
  return /^[a-z_]\w*$/i.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
