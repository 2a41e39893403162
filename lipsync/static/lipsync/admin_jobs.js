// Keeps the unfinished rows of the job list up to date while the page is looked at.
(() => {
  const EVERY_MS = 2000;
  let statusUrl = "";

  const unfinished = () =>
    [...document.querySelectorAll('.job-progress[data-state="queued"], .job-progress[data-state="running"]')];

  function show(job) {
    const progress = document.querySelector(`.job-progress[data-job="${job.id}"]`);
    const status = progress?.closest("tr")?.querySelector(".job-status");
    if (!progress || !status) return;
    progress.dataset.state = status.dataset.state = job.state;
    progress.querySelector("progress").value = job.percent;
    progress.querySelector("span").textContent = `${job.percent} %`;
    status.textContent = job.seconds_left ? `${job.label}, ${job.seconds_left} s left` : job.label;
  }

  async function refresh() {
    const ids = unfinished().map((row) => row.dataset.job);
    if (ids.length && !document.hidden) {
      try {
        const response = await fetch(`${statusUrl}?ids=${ids.join(",")}`, { credentials: "same-origin" });
        if (response.ok) (await response.json()).items.forEach(show);
      } catch {
        // The server is away; the next round asks again.
      }
    }
    setTimeout(refresh, EVERY_MS);
  }

  document.addEventListener("DOMContentLoaded", () => {
    statusUrl = document.getElementById("job-totals")?.dataset.statusUrl ?? "";
    if (statusUrl) refresh();
  });
})();
