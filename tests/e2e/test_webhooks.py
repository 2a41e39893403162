"""A webhook from the account page to a receiver that has verified a finished video."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.e2e import studio
from tests.e2e.test_screens import look_at
from tests.hooks.receiver import Receiver, receiving
from tests.stack.conftest import wait_until


def add_webhook(page: Page, receiver: Receiver) -> None:
    """From the account page, after a wrong address, to the webhook's own page."""
    webhooks = page.get_by_role("region", name="Webhooks")
    webhooks.get_by_label("Address").fill("ftp://example.org")
    webhooks.get_by_role("button", name="Add webhook").click()
    expect(webhooks.get_by_text("begins with https://")).to_be_visible()
    webhooks.get_by_label("Address").fill(receiver.url)
    webhooks.get_by_label("Name").fill("My receiver")
    webhooks.get_by_role("button", name="Add webhook").click()
    receiver.secret = webhooks.get_by_test_id("webhook-secret").inner_text()
    look_at(page, "account-webhook-secret", "desktop")
    webhooks.get_by_role("button", name="I have it").click()
    webhooks.get_by_role("link", name="My receiver").click()


def test_a_finished_video_is_told_and_verified(open_page: Callable[..., Page]) -> None:
    with receiving() as receiver:
        page = open_page("/account")
        add_webhook(page, receiver)
        page.get_by_role("button", name="Send a test").click()
        deliveries = page.get_by_test_id("delivery")
        expect(deliveries.first).to_contain_text("Delivered", timeout=30_000)
        expect(deliveries.first).to_contain_text("204")
        assert receiver.verified.pop()["type"] == "test"
        address = page.url

        receiver.refusals = 1
        page.goto("/")
        page.get_by_role("button", name="Use drawn avatar").first.click()
        studio.type_text(page, "Tell my server.")
        page.get_by_role("button", name="Make it speak").click()
        studio.result_video(page).wait_for(timeout=studio.RENDER_MS)
        job_id = page.url.rsplit("/", 1)[1]
        page.goto(address)
        told = page.get_by_test_id("delivery").filter(has_text="job.done").first
        # Refused once, it was tried again without anybody's doing.
        expect(told).to_contain_text("Delivered", timeout=60_000)
        expect(told).to_contain_text("try 2")
        assert {message["data"]["id"] for message in receiver.verified} == {job_id}
        assert len(set(receiver.ids[1:])) == 1, "tries of one message have one id"
        assert receiver.forged == 0

        seen = len(receiver.ids)
        told.get_by_role("button", name="Send again").click()
        wait_until(lambda: len(receiver.ids) > seen, 30, "the replay")
        assert receiver.ids[-1] == receiver.ids[-2]
        told.get_by_text("What was sent").click()
        expect(told).to_contain_text(receiver.ids[-1])
        look_at(page, "webhook", "desktop")

        page.get_by_role("button", name="Turn off").click()
        expect(page.get_by_text("You turned it off.")).to_be_visible()
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Delete webhook").click()
        page.wait_for_url("**/account")
        expect(page.get_by_role("link", name="My receiver")).to_have_count(0)
