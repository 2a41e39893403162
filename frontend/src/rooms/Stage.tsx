import { useEffect, useRef, useState } from "react";

import type { AvatarSession } from "../api/rooms";
import { fitTiles, inOrder, type Layout, middleOf } from "../core/tiles";
import { usePictures, type StagePicture } from "./pictures";
import styles from "./Stage.module.css";
import { ComingTile, Tile } from "./Tile";

const GAP = 12;
const RATIO = 4 / 3;

function useSize() {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const node = box.current;
    if (!node) return;
    const watch = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
    });
    watch.observe(node);
    return () => watch.disconnect();
  }, []);
  return { box, size };
}

interface StageProps {
  layout: Layout;
  pinned: string | null;
  onPin: (id: string | null) => void;
  sessions: readonly AvatarSession[];
}

/** Everyone in the call: side by side, or one large and the rest beside it. */
export function Stage({ layout, pinned, onPin, sessions }: StageProps) {
  const pictures = inOrder(usePictures());
  const { box, size } = useSize();
  const sessionOf = (picture: StagePicture) =>
    sessions.find((one) => one.identity === picture.id || one.id === picture.participant.attributes["avsite.session"]) ?? null;
  // Ordered, or failed, and without a participant: shown all the same.
  const coming = sessions.filter((one) => !pictures.some((picture) => sessionOf(picture)?.id === one.id));
  const tile = (picture: StagePicture, small = false) => (
    <Tile
      key={picture.id}
      picture={picture}
      session={sessionOf(picture)}
      pinned={picture.id === pinned}
      onPin={() => onPin(picture.id === pinned && !small ? null : picture.id)}
      small={small}
    />
  );
  const middle = middleOf(pictures, pinned);
  const comingInMiddle = coming[0] && middle?.kind === "person" && middle.id !== pinned ? coming[0] : undefined;
  const count = pictures.length + coming.length;

  if (layout === "focus" && count > 1) {
    const rest = pictures.filter((picture) => comingInMiddle || picture !== middle);
    return (
      <div ref={box} className={styles.focus} data-testid="stage">
        <div className={styles.middle}>{comingInMiddle ? <ComingTile session={comingInMiddle} /> : middle && tile(middle)}</div>
        <ul className={styles.rest} aria-label="Others in the room">
          {coming.filter((one) => one !== comingInMiddle).map((one) => <li key={one.id}><ComingTile session={one} /></li>)}
          {rest.map((picture) => <li key={picture.id}>{tile(picture, true)}</li>)}
        </ul>
      </div>
    );
  }
  const fit = fitTiles(count, size.width, size.height, GAP, size.width < 560 ? 1.1 : RATIO);
  return (
    <div ref={box} className={styles.gridBox} data-testid="stage">
      <ul className={styles.grid} style={{ gap: GAP, maxWidth: fit.columns * (fit.width + GAP) }} aria-label="In the room">
        {coming.map((one) => <li key={one.id} style={{ width: fit.width, height: fit.height }}><ComingTile session={one} /></li>)}
        {pictures.map((picture) => <li key={picture.id} style={{ width: fit.width, height: fit.height }}>{tile(picture)}</li>)}
      </ul>
    </div>
  );
}
