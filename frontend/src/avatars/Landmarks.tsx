import { useState } from "react";

import type { Asset } from "../api/types";
import { roomsApi } from "../core/client";
import { Button } from "../ui/Button";
import { FaceMarks } from "../ui/FaceMarks";
import { useLoad } from "../ui/load";
import styles from "./Landmarks.module.css";

type Point = readonly number[];

function lineOf(points: readonly Point[], indices: readonly number[]): string {
  return `M${indices.map((index) => `${points[index]?.[0] ?? 0} ${points[index]?.[1] ?? 0}`).join("L")}`;
}

/** The face with what was found in it: the points that the mouth, lids and brows are moved by. */
export function Landmarks({ face }: { face: Asset }) {
  const found = useLoad(() => roomsApi.landmarks(face.id), face.id);
  const [on, setOn] = useState(true);
  const first = found.data?.faces[0];
  return (
    <div className={styles.box}>
      <div className={styles.fit}>
        {face.thumbnail_url && <img src={face.thumbnail_url} alt={`Face: ${face.name}`} />}
        {on && first ? (
          <svg className={styles.mesh} viewBox="0 0 1 1" preserveAspectRatio="none" role="img" aria-label={`${first.points.length} landmarks`}>
            {first.points.map(([x = 0, y = 0], index) => (
              // A line of no length with round ends is a dot that the picture's shape does not squash.
              <path key={index} className={styles.point} d={`M${x} ${y}h0`} />
            ))}
            {(found.data?.lines ?? []).map((indices, index) => <path key={index} className={styles.line} d={lineOf(first.points, indices)} />)}
          </svg>
        ) : (
          on && <FaceMarks faces={face.faces} />
        )}
      </div>
      <Button className={styles.toggle} size="s" icon="grid" aria-pressed={on} onClick={() => setOn(!on)}>
        Landmarks
      </Button>
    </div>
  );
}
