import { IconPlus, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Model } from '../../api/types.ts';
import { SubjectLink } from '../../ui/subject.tsx';
import { AliasDialog, RemoveAlias } from './alias-dialog.tsx';

type AliasListProps = { model: Model; versions: number[]; suggestions?: string[] };

/** The aliases of a model and where they point, to be set and taken away. */
export function AliasList({ model, versions, suggestions }: AliasListProps) {
  const [sets, setSets] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  return (
    <span className="row wrap">
      {Object.entries(model.aliases).map(([alias, version]) => (
        <span key={alias} className="row" style={{ gap: 4 }}>
          <span className="tag">@{alias}</span>
          {suggestions ? (
            <span>version {version}</span>
          ) : (
            <SubjectLink subject={`model:${model.name}/${version}`} />
          )}
          <button
            type="button"
            className="icon-btn"
            aria-label={`Take @${alias} away`}
            title={`Take @${alias} away`}
            onClick={() => setRemoving(alias)}
          >
            <IconX size={13} />
          </button>
        </span>
      ))}
      <button
        type="button"
        className="icon-btn"
        aria-label="Set an alias"
        title="Set an alias"
        disabled={versions.length === 0}
        onClick={() => setSets(true)}
      >
        <IconPlus size={14} />
      </button>
      <AliasDialog
        open={sets}
        close={() => setSets(false)}
        model={model.name}
        known={model.aliases}
        versions={versions}
        {...(suggestions ? { suggestions } : {})}
      />
      <RemoveAlias alias={removing} model={model.name} close={() => setRemoving(null)} />
    </span>
  );
}
