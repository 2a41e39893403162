import { useCallback, useEffect, useRef, useState } from "react";

export interface Sound {
  /** What plays now, or null. */
  url: string | null;
  /** 0..1 of what plays now. */
  fraction: number;
  /** Starts `url`, or stops it when it is the one playing. */
  toggle: (url: string) => void;
  stop: () => void;
  failed: string | null;
}

/** One sound at a time. */
export function useSound(): Sound {
  const element = useRef<HTMLAudioElement>(null);
  const [url, setUrl] = useState<string | null>(null);
  const [fraction, setFraction] = useState(0);
  const [failed, setFailed] = useState<string | null>(null);

  const stop = useCallback(() => {
    element.current?.pause();
    element.current = null;
    setUrl(null);
    setFraction(0);
  }, []);
  const toggle = useCallback(
    (next: string) => {
      const same = element.current?.dataset["url"] === next;
      stop();
      if (same) return;
      const audio = new Audio(next);
      audio.dataset["url"] = next;
      audio.onended = stop;
      element.current = audio;
      setUrl(next);
      setFailed(null);
      audio.play().catch((error: unknown) => {
        // A stop before the sound has loaded is not a failure.
        if (element.current !== audio || (error instanceof DOMException && error.name === "AbortError")) return;
        stop();
        setFailed(next);
      });
    },
    [stop],
  );
  useEffect(() => {
    if (!url) return;
    let frame = 0;
    const follow = () => {
      const audio = element.current;
      if (audio && audio.duration > 0 && Number.isFinite(audio.duration)) setFraction(audio.currentTime / audio.duration);
      frame = requestAnimationFrame(follow);
    };
    follow();
    return () => cancelAnimationFrame(frame);
  }, [url]);
  useEffect(() => stop, [stop]);
  return { url, fraction, toggle, stop, failed };
}
