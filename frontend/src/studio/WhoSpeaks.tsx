import { useId } from "react";

import type { Asset, Face } from "../api/types";
import { span } from "../core/format";
import styles from "./WhoSpeaks.module.css";

interface PickProps {
  faces: readonly Face[];
  /** The number of the chosen face. */
  value: number | undefined;
  onChange: (track: number) => void;
}

function describe(face: Face): string {
  const seen = face.seconds ? `, seen for ${span(face.seconds)}` : "";
  return `Face ${face.track}${seen}${face.speaks ? ", speaks in the video" : ""}`;
}

/** Faces to pick one from: radio buttons that look like the people. */
export function FaceChoice({ faces, value, onChange, label, small = false }: PickProps & { label: string; small?: boolean }) {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} className={styles.faces} data-small={small}>
      {faces.map((face) => (
        <label key={face.track} className={styles.face} title={describe(face)}>
          <input
            type="radio"
            name={name}
            aria-label={describe(face)}
            checked={face.track === value}
            onChange={() => onChange(face.track)}
          />
          <img src={face.thumbnail_url} alt="" width={56} height={56} />
          <span aria-hidden="true">{face.track}</span>
        </label>
      ))}
    </div>
  );
}

function middle(box: readonly number[]): [number, number] {
  const [x = 0, y = 0, width = 0, height = 0] = box;
  return [x + width / 2, y + height / 2];
}

/** Which outline in the picture is which face: the nearest, each once. */
function placed(asset: Asset, faces: readonly Face[]): { face: Face; box: readonly number[] }[] {
  const pairs = asset.faces.flatMap(({ box }) =>
    faces.map((face) => {
      const [[x, y], [u, v]] = [middle(box), middle(face.box)];
      return { face, box, away: Math.hypot(x - u, y - v) };
    }),
  );
  const taken = new Set<unknown>();
  return pairs
    .sort((a, b) => a.away - b.away)
    .filter(({ face, box }) => {
      if (taken.has(face) || taken.has(box)) return false;
      taken.add(face).add(box);
      return true;
    });
}

/** The faces in the picture itself, to be pressed; who has no pointer uses the choice below it. */
export function FaceBoxes({ asset, faces, value, onChange }: PickProps & { asset: Asset }) {
  return placed(asset, faces).map(({ face, box: [x = 0, y = 0, width = 0, height = 0] }) => (
    <button
      key={face.track}
      type="button"
      tabIndex={-1}
      aria-hidden="true"
      className={styles.box}
      data-chosen={face.track === value}
      style={{ left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` }}
      onClick={() => onChange(face.track)}
    >
      <span>{face.track}</span>
    </button>
  ));
}
