import { useEffect, useState } from "react";

import type { Face } from "../api/types";
import { api } from "../core/client";
import type { ChosenFace } from "../core/draft";

const ASK_AGAIN_MS = 1000;

export interface FoundFaces {
  /** Those to choose from; empty where there is no choice. */
  faces: Face[];
  /** A worker goes through the video. */
  looking: boolean;
}

/** Everyone in the chosen photo or video. */
export function useFaces(chosen: ChosenFace | null): FoundFaces {
  const asset = chosen?.kind === "asset" ? chosen.asset : null;
  const id = asset && (asset.media === "video" || asset.faces.length > 1) ? asset.id : "";
  const [found, setFound] = useState<{ id: string; faces: Face[] | null }>({ id: "", faces: null });
  useEffect(() => {
    if (!id) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let current = true;
    const ask = () => {
      api.faces(id).then(
        ({ state, items }) => {
          if (!current) return;
          setFound({ id, faces: state === "ready" ? items : null });
          if (state === "looking") timer = setTimeout(ask, ASK_AGAIN_MS);
        },
        // Without them the server chooses, as it does for one face.
        () => current && setFound({ id, faces: [] }),
      );
    };
    ask();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [id]);
  const faces = found.id === id && id ? found.faces : [];
  return { faces: faces && faces.length > 1 ? faces : [], looking: faces === null };
}

/** The face that speaks: the one picked, else the one the server would take. */
export function speakerOf(faces: readonly Face[], track: number | null): Face | undefined {
  return faces.find((face) => (track === null ? face.is_main : face.track === track));
}
