"""A case is put right, cancelled and brought back in Slack, over the real wire."""

import pytest

from tests.fakes import FakeSlack, FormErrors
from tests.journeys.slack_app import open_slack_app, said


async def test_a_case_is_edited_cancelled_and_brought_back(slack: FakeSlack, database_url: str) -> None:
    ana, ben = slack.person("Ana", tz="Europe/Stockholm"), slack.person("Ben", tz="America/New_York")
    support = slack.channel("support", members=[ana, ben])
    async with open_slack_app(slack, database_url):
        await ana.command("failed ZD-1 Parcel missed", support)
        retro = await said(slack, "Retro: Parcel missed")
        card = await said(slack, "looked after by", where=support.id)
        own = await said(slack, "You're looking after", where=ana.direct.id)

        form = await ben.press(retro, "Edit case")
        with pytest.raises(FormErrors) as errors:
            await ben.submit(form, {"Public post": "not a link"})
        assert "https://" in errors.value.sentences["Public post"]
        await ben.submit(form, {"What happened": "Parcel missed twice", "Customer": "Mrs. Ó."})
        await slack.until(lambda: "Retro: Parcel missed twice" in retro.words())
        assert "Edited by Ben" in retro.words()
        await slack.until(lambda: "Mrs. Ó." in card.words())

        await ben.submit(await ben.press(retro, "Cancel retro"), {"Why": "It was the wrong customer."})
        thread = await said(slack, "Ben cancelled C-1")
        assert thread.thread_ts == retro.ts
        await slack.until(lambda: "Cancelled by Ben" in retro.words())
        assert list(retro.buttons()) == ["Bring it back"]
        told = await said(slack, "nothing is left for you to do in it", where=ana.direct.id)
        await slack.until(lambda: "nothing to do for Mrs. Ó." in own.words() and not card.buttons())
        refused = await ana.command("customer C-1", support)
        assert refused is not None
        assert "C-1 is cancelled: press Bring it back" in refused.words()
        again = await ana.command("failed zd-1 Parcel missed", support)
        assert again is not None
        assert "which was cancelled" in again.words()

        await ana.click(thread, "Bring it back")
        await said(slack, "Ana brought C-1 back")
        await slack.until(lambda: "Answer" in retro.buttons() and not thread.buttons())
        await slack.until(lambda: "yours again" in told.words() and bool(own.buttons()))
