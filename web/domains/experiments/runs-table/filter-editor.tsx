import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
  startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, placeholder } from '@codemirror/view';
import { useEffect, useRef } from 'react';
import { api, path } from '../../../api/client.ts';
import type { List } from '../../../api/types.ts';
import { completionAt, fieldOptions, operatorOptions, quoted, valueOptions } from './completion.ts';
import type { FilterBoxProps } from './filter-box.tsx';

type EditorProps = FilterBoxProps & {
  text: string;
  setText: (text: string) => void;
  mark: [number, number] | null;
};

const setMark = StateEffect.define<[number, number] | null>();
const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, change) {
    let next = change.docChanged ? Decoration.none : marks;
    for (const effect of change.effects) {
      if (!effect.is(setMark)) continue;
      const length = change.state.doc.length;
      const [from, to] = effect.value ?? [0, 0];
      const start = Math.max(0, Math.min(from, length - 1));
      next =
        effect.value && length > 0
          ? Decoration.set(
              Decoration.mark({ class: 'filter-mark' }).range(
                start,
                Math.max(start + 1, Math.min(to, length)),
              ),
            )
          : Decoration.none;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** One line of the filter language; loaded when a table of runs is first seen. */
export function FilterEditor(props: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({ doc: latest.current.text, extensions: extensions(latest) }),
    });
    view.current = made;
    return () => made.destroy();
  }, []);
  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== props.text) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: props.text } });
    }
  }, [props.text]);
  const mark = props.mark?.join() ?? '';
  useEffect(() => {
    const [from = 0, to = 0] = mark.split(',').map(Number);
    view.current?.dispatch({ effects: setMark.of(mark ? [from, to] : null) });
  }, [mark]);
  return <div ref={place} className="filter-line" />;
}

type Latest = { current: EditorProps };

function extensions(latest: Latest) {
  const apply = (view: EditorView) => {
    latest.current.apply(view.state.doc.toString().trim());
    return true;
  };
  return [
    history(),
    markField,
    placeholder("Filter: metrics.auc > 0.7 AND params.model = 'tree'"),
    EditorState.transactionFilter.of((change) => (change.newDoc.lines > 1 ? [] : change)),
    autocompletion({
      override: [(context) => complete(latest.current, context)],
      icons: false,
      maxRenderedOptions: 60,
    }),
    keymap.of([
      ...completionKeymap,
      { key: 'Enter', run: apply },
      ...historyKeymap,
      ...defaultKeymap.filter(({ key }) => key !== 'Enter'),
    ]),
    EditorView.contentAttributes.of({ 'aria-label': 'Filter runs', 'data-filter': 'true' }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.setText(update.state.doc.toString());
    }),
    EditorView.domEventHandlers({
      focus: (_event, view) => void startCompletion(view),
      // Who leaves a clause half written has not asked for it yet.
      blur: (_event, view) => {
        const text = view.state.doc.toString();
        if (text.trim() === '' || completionAt(text, text.length).want === 'and') apply(view);
      },
    }),
  ];
}

async function complete(props: EditorProps, context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const { want, from, field } = completionAt(text, context.pos);
  if (want === 'and') {
    return /\s$/.test(text.slice(0, context.pos)) || from < context.pos
      ? { from, options: [{ label: 'AND', apply: 'AND ' }] }
      : null;
  }
  if (want === 'field') return { from, options: fieldOptions(props.catalogue).map(followed) };
  if (want === 'operator') return { from, options: operatorOptions(field).map(followed) };
  const known = valueOptions(field);
  if (known) return known.length > 0 ? { from, options: known.map(followed) } : null;
  const plain = field.replace(/[`"]/g, '');
  const values = await api
    .get<List<{ value: string; runs: number }>>(path`/api/experiments/${props.experiment}/values`, {
      field: plain,
    })
    .catch(() => ({ items: [] }));
  return {
    from,
    options: values.items.map(({ value, runs }) =>
      followed({ label: quoted(value), detail: `${runs} of the newest runs` }),
    ),
  };
}

/** What comes next is offered at once. */
function followed({ label, detail }: { label: string; detail?: string }) {
  return {
    label,
    ...(detail && { detail }),
    apply: (view: EditorView, _option: unknown, from: number, to: number) => {
      view.dispatch({
        changes: { from, to, insert: `${label} ` },
        selection: { anchor: from + label.length + 1 },
      });
      setTimeout(() => startCompletion(view), 0);
    },
  };
}
