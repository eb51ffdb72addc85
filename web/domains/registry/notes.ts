import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { Model, ModelVersion } from '../../api/types.ts';

type Notes = { description?: string; setTags?: Record<string, string>; removeTags?: string[] };

/** Changes single notes of a model or of a version of it. */
export function useNotes(model: string, version?: number) {
  const ofModel = path`/api/registry/models/${model}`;
  const target = version === undefined ? ofModel : `${ofModel}/versions/${version}`;
  const what = version === undefined ? model : `${model} version ${version}`;
  const change = useAct((notes: Notes) => api.patch<Model | ModelVersion>(target, notes), {
    refresh: ['registry'],
    done: `${what} is changed.`,
  });
  return {
    describe: (description: string) => change.mutateAsync({ description }),
    setTag: (key: string, value: string) => change.mutateAsync({ setTags: { [key]: value } }),
    removeTag: (key: string) => change.mutateAsync({ removeTags: [key] }),
  };
}

/** The tags of a model or version that people wrote. */
export function ownTags(tags: Record<string, string>): [string, string][] {
  return Object.entries(tags).filter(([key]) => !/^_?mlflow[._]/.test(key));
}
