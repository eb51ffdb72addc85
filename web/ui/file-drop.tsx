import { IconFileUpload } from '@tabler/icons-react';
import { type DragEvent, useId, useState } from 'react';
import { bytes } from './format.ts';

/** Takes one file by click or drop. */
export function FileDrop({
  file,
  choose,
  accept,
  label,
}: {
  file: File | null;
  choose: (file: File | null) => void;
  accept: string;
  label: string;
}) {
  const [over, setOver] = useState(false);
  const id = useId();
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    choose(event.dataTransfer.files[0] ?? null);
  };
  return (
    <label
      htmlFor={id}
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <IconFileUpload size={18} stroke={1.5} />
      {file ? (
        <span className="truncate">
          {file.name} <span className="dim">{bytes(file.size)}</span>
        </span>
      ) : (
        <span className="dim">{label}</span>
      )}
      <input
        id={id}
        type="file"
        accept={accept}
        className="sr-only"
        onChange={(event) => choose(event.currentTarget.files?.[0] ?? null)}
      />
    </label>
  );
}

/** How much of a file has been sent. */
export function UploadProgress({ share }: { share: number | null }) {
  if (share === null) return null;
  return (
    <div className="stack" style={{ gap: 4 }} role="status">
      <div className="bar">
        <i style={{ width: `${Math.round(share * 100)}%` }} />
      </div>
      <span className="small dim">
        {share < 1 ? `Sending, ${Math.round(share * 100)} %` : 'Sent; the server checks it'}
      </span>
    </div>
  );
}
