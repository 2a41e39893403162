import { useEffect, useState } from "react";

import type { Estimate, LipsyncRequest } from "../api/types";
import { api } from "../core/client";
import { isAbort, messageOf } from "../core/errors";

const ESTIMATE_AFTER_MS = 450;

export type Outlook = { for: string; estimate: Estimate } | { for: string; error: string } | null;

/** What making this would take; follows the draft a little behind. */
export function useEstimate(request: LipsyncRequest | null): Outlook {
  const [outlook, setOutlook] = useState<Outlook>(null);
  const body = request ? JSON.stringify(request) : "";
  useEffect(() => {
    if (!body) return;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      api.estimate(JSON.parse(body) as LipsyncRequest, controller.signal).then(
        (estimate) => setOutlook({ for: body, estimate }),
        (error: unknown) => {
          if (!isAbort(error)) setOutlook({ for: body, error: messageOf(error) });
        },
      );
    }, ESTIMATE_AFTER_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [body]);
  return outlook?.for === body ? outlook : null;
}
