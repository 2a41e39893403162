import type { FaceMark } from "../api/types";
import styles from "./FaceMarks.module.css";

function pathOf({ outline, box }: FaceMark): string {
  const [x = 0, y = 0, w = 0, h = 0] = box;
  const points = outline.length > 2 ? outline : [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];
  return `M${points.map(([px = 0, py = 0]) => `${px} ${py}`).join("L")}Z`;
}

/** Lights the faces that were found and dims the rest; lies over a picture of the same size. */
export function FaceMarks({ faces }: { faces: readonly FaceMark[] }) {
  if (!faces.length) return null;
  const paths = faces.map(pathOf);
  return (
    <svg className={styles.marks} viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">
      <path className={styles.dim} fillRule="evenodd" d={`M0 0H1V1H0Z${paths.join("")}`} />
      {paths.map((path) => (
        <path key={path} className={styles.line} d={path} pathLength={1} />
      ))}
    </svg>
  );
}
