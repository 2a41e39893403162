import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router";

import { SignInPage } from "./account/SignInPage";
import { SignUpPage } from "./account/SignUpPage";
import { JobPage } from "./jobs/JobPage";
import { JobsPage } from "./jobs/JobsPage";
import { ErrorBoundary } from "./shell/ErrorBoundary";
import { Frame } from "./shell/Frame";
import { LiveJobs } from "./shell/live";
import { NotFoundPage } from "./shell/NotFoundPage";
import { SessionProvider, SignedIn } from "./shell/session";
import { DraftProvider } from "./studio/draft";
import { StudioPage } from "./studio/StudioPage";
import { ConfirmProvider } from "./ui/Dialog";
import { ToastProvider } from "./ui/Toasts";

const AccountPage = lazy(() => import("./account/AccountPage"));
const WebhookPage = lazy(() => import("./account/WebhookPage"));
const BatchesPage = lazy(() => import("./batches/BatchesPage"));
const BatchPage = lazy(() => import("./batches/BatchPage"));
const CostsPage = lazy(() => import("./costs/CostsPage"));
const DubsPage = lazy(() => import("./dubs/DubsPage"));
const DubPage = lazy(() => import("./dubs/DubPage"));
const LibraryPage = lazy(() => import("./library/LibraryPage"));
const AvatarsPage = lazy(() => import("./avatars/AvatarsPage"));
const DoctorPage = lazy(() => import("./doctor/DoctorPage"));
const RoomPage = lazy(() => import("./rooms/RoomPage"));
const RoomsPage = lazy(() => import("./rooms/RoomsPage"));
const TranscriptPage = lazy(() => import("./rooms/TranscriptPage"));
const SharedPage = lazy(() => import("./shared/SharedPage"));

function Screens() {
  return (
    <Frame>
      <ErrorBoundary>
        <Suspense fallback={null}>
          <Routes>
            <Route element={<SignedIn />}>
              <Route path="/" element={<StudioPage />} />
              <Route path="/jobs" element={<JobsPage />} />
              <Route path="/jobs/:id" element={<JobPage />} />
              <Route path="/batches" element={<BatchesPage />} />
              <Route path="/batches/:id" element={<BatchPage />} />
              <Route path="/dubs" element={<DubsPage />} />
              <Route path="/dubs/:id" element={<DubPage />} />
              <Route path="/rooms" element={<RoomsPage />} />
              <Route path="/rooms/:slug/transcript" element={<TranscriptPage />} />
              <Route path="/avatars" element={<AvatarsPage />} />
              <Route path="/doctor" element={<DoctorPage />} />
              <Route path="/costs" element={<CostsPage />} />
              <Route path="/library" element={<LibraryPage />} />
              <Route path="/account" element={<AccountPage />} />
              <Route path="/account/webhooks/:id" element={<WebhookPage />} />
            </Route>
            <Route path="/signin" element={<SignInPage />} />
            <Route path="/signup" element={<SignUpPage />} />
            <Route path="*" element={<NotFoundPage />} />
          </Routes>
        </Suspense>
      </ErrorBoundary>
    </Frame>
  );
}

/** A call fills the whole window; every other screen stands in the frame. */
function Pages() {
  return (
    <LiveJobs>
      <DraftProvider>
        <Routes>
          <Route
            path="/rooms/:slug"
            element={
              <ErrorBoundary>
                <Suspense fallback={null}>
                  <RoomPage />
                </Suspense>
              </ErrorBoundary>
            }
          />
          <Route path="*" element={<Screens />} />
        </Routes>
      </DraftProvider>
    </LiveJobs>
  );
}

export function App() {
  return (
    <ErrorBoundary>
      <ToastProvider>
        <ConfirmProvider>
          <Routes>
            <Route
              path="/s/:token"
              element={
                <Suspense fallback={null}>
                  <SharedPage />
                </Suspense>
              }
            />
            <Route
              path="*"
              element={
                <SessionProvider>
                  <Pages />
                </SessionProvider>
              }
            />
          </Routes>
        </ConfirmProvider>
      </ToastProvider>
    </ErrorBoundary>
  );
}
