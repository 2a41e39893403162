import { useEffect, useState } from "react";

import type { RoomsStatus } from "../api/rooms";
import { roomsApi } from "../core/client";
import { ButtonLink } from "../ui/Button";
import { Notice } from "../ui/Notice";

const ASK_AGAIN_MS = 4000;

/** Says when calls cannot be held yet, or not at all; nothing while all is well. */
export function RoomsNotice() {
  const [status, setStatus] = useState<RoomsStatus | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    let current = true;
    const ask = () =>
      void roomsApi.status().then(
        (told) => {
          if (!current) return;
          setStatus(told);
          if (told.state !== "ready" || !told.agent.alive) timer = setTimeout(ask, ASK_AGAIN_MS);
        },
        () => {
          if (current) timer = setTimeout(ask, ASK_AGAIN_MS);
        },
      );
    ask();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, []);
  if (!status || (status.state === "ready" && status.agent.alive)) return null;
  const words = status.state === "ready" ? "People can meet, but no avatar can join: the avatar agent is not running." : status.message;
  return (
    <Notice tone={status.state === "preparing" ? "calm" : "warn"} action={<ButtonLink to="/doctor" size="s">Find out why</ButtonLink>}>
      {words}
    </Notice>
  );
}
