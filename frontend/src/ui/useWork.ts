import { useState } from "react";

import { messageOf } from "../core/errors";
import { useToast } from "./Toasts";

/** Whether something that was asked for is under way, and how to ask: what fails is said in a toast. */
export function useWork(): [boolean, (work: () => Promise<unknown>) => Promise<void>] {
  const [busy, setBusy] = useState(false);
  const say = useToast();
  const run = async (work: () => Promise<unknown>) => {
    setBusy(true);
    try {
      await work();
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  return [busy, run];
}
