"""The pages of leads in the web workspace: small, counted, to be read by everybody, and to be kept."""

import csv
import io
import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from handlers.web.leads import NOT_HERE
from tests.accessible import findings
from tests.browser import PATIENCE_MS
from tests.web_app import Visitor, known_at, read

expect.set_options(timeout=PATIENCE_MS)
LARGEST = 200_000
"""Bytes of a page."""
LISTS = (
    "/board",
    "/board?late=yes&waiting=yes&owner=me",
    "/board?show=agreed&gap=training",
    "/cases",
    "/cases?state=open&sort=closes",
    "/cases?sort=-customer",
    "/cases?sort=ended&state=closed",
    "/cases?gap=training",
    "/find?q=parcel",
    "/find?q=vorfall",
    "/find?q=C-1",
    "/find",
    "/trends",
    "/settings",
)
THINGS = ("/cases/C-1", "/cases/C-1/customer", "/items/AI-1")
FORMS = (
    "/settings/team.own_settings",
    *(f"/settings/team.{name}?place=parcel-shop" for name in ("settings", "days_off", "policy")),
    *(f"/settings/{name}?about=prompts:::parcel-shop" for name in ("prompts.show", "kinds.show")),
    "/settings/connections.show?about=connections:parcel-shop",
    "/settings/prompt.add?about=prompts:::parcel-shop",
    "/settings/prompt.edit?about=prompts::training:parcel-shop",
)
FORMULA = '=HYPERLINK("https://evil.example","x")'


async def fail(visitor: Visitor, what: str, items: int = 1, where: str = "support") -> None:
    """A failed case in the web workspace, with items of the gap training, and an answer."""
    drawn = await visitor.press("case.fail", place=where)
    values = {"what_happened": what, "customer": f"Mrs. {what[:60]}", "place": where}
    await visitor.fill(drawn, **values)
    number = await newest_case(visitor)
    for count in range(items):
        drawn = await visitor.press("action_item.add", about=f"C-{number}")
        await visitor.fill(drawn, what=f"Fix {count} of {what}", gap="training", owner="u_you")


async def newest_case(visitor: Visitor) -> int:
    """The number of the case that failed last."""
    page = await visitor.see("/cases?as=json")
    [section] = json.loads(page.text)["sections"]
    return int(section["rows"][0]["Case"].removeprefix("C-"))


async def test_each_page_says_first_what_it_is_about(visitor: Visitor) -> None:
    await fail(visitor, "Parcel missed twice")
    for path, title in (
        *zip(
            THINGS,
            ("Parcel missed twice", "Mrs. Parcel missed twice", "Fix 0 of Parcel missed twice"),
            strict=True,
        ),
        ("/board", "Board"),
        ("/cases", "Cases"),
        ("/find?q=missed", "Find: missed"),
        ("/find", "Find"),
        ("/find?q=C-1", "Parcel missed twice"),
        ("/trends", "Trends: support"),
        ("/settings", "Settings"),
    ):
        page = await visitor.see(path)
        assert page.all("title")[0].text == f"{title} · Amends"
        [heading] = page.all("h1")
        assert heading.text == title
        assert not page.all("script")


async def test_a_long_list_comes_in_parts_in_the_order_of_its_address(visitor: Visitor) -> None:
    for number in range(3):
        await fail(visitor, f"Parcel {number}", items=number % 2)

    async def shown(path: str) -> list[str]:
        page = await visitor.see(path)
        return [one.text for one in page.all("th", scope="row")]

    assert await shown("/cases") == ["Parcel 2", "Parcel 1", "Parcel 0"]
    assert await shown("/cases?sort=failed") == ["Parcel 0", "Parcel 1", "Parcel 2"]
    assert await shown("/cases?gap=training") == ["Parcel 1"]
    assert await shown("/cases?gap=tools") == []
    assert await shown("/cases?state=closed") == []
    assert len(await shown("/cases?state=open&sort=-closes&since=2020-01-01")) == 3
    [ordered] = (await visitor.see("/cases?sort=failed")).all("th", **{"aria-sort": "ascending"})
    assert ordered.text.startswith("Failed")


async def test_every_column_but_the_items_is_sorted_either_way_with_its_filters(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.page.ROWS", 2)
    await visitor.send("/add/channel", {"v.name": "desk"}, status=200)
    for number, name in enumerate(("zebra", "Apple", "mango", "Émile")):
        await fail(visitor, f"{name} waited", items=number % 2, where="support" if number else "desk")
    start = "/cases?since=2020-01-01&gap=&state=open"
    labels = [one.text.rstrip(" ▲▼↕") for one in (await visitor.see(start)).all("th", scope="col")]
    assert labels[-2:] == ["Items open", "Team"]
    for label in labels:
        if label == "Items open":
            continue
        lists = []
        for way in ("ascending", "descending"):
            [head] = [
                one for one in (await visitor.see(start)).all("a") if one.text.startswith(f"{label} ")
            ]
            path, found = head.attributes["href"], list[str]()
            for _ in range(2 if way == "descending" else 1):
                page = await visitor.see(path)
                [sorted_by] = page.all("th", **{"aria-sort": "ascending"}) or page.all(
                    "th", **{"aria-sort": "descending"}
                )
                assert sorted_by.text.startswith(label)
                again = next(a for a in page.all("a") if a.text.startswith(f"{label} "))
                first, path = page, again.attributes["href"]
            assert sorted_by.attributes["aria-sort"] == way
            page = first
            while True:
                found += [one.text for one in page.all("th", scope="row")]
                more = [a.attributes["href"] for a in page.all("a") if a.text == "Show more"]
                if not more:
                    break
                assert "state=open" in more[0]
                assert "since=2020-01-01" in more[0]
                assert "Apple" not in more[0]
                page = await visitor.see(more[0])
            assert len(found) == 4, (label, way, found)
            lists.append(found)
        if label in ("What happened", "Customer"):
            assert lists[0] == [f"{one} waited" for one in ("Apple", "mango", "zebra", "Émile")]
            assert lists[1] == lists[0][::-1]
        if label == "Team":
            assert (lists[0][0], lists[1][-1]) == ("zebra waited", "zebra waited")


async def test_more_than_a_part_is_one_link_away(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.page.ROWS", 2)
    for number in range(5):
        await fail(visitor, f"Parcel {number}", items=0)
    path, found = "/cases", []
    for _ in range(3):
        page = await visitor.see(path)
        found += [one.text for one in page.all("th", scope="row")]
        path = next((a.attributes["href"] for a in page.all("a") if a.text == "Show more"), "")
    assert found == [f"Parcel {number}" for number in (4, 3, 2, 1, 0)]
    assert path == ""


@pytest.mark.parametrize(
    "query",
    [
        "cases?state=strange",
        "cases?since=yesterday",
        "cases?after=7",
        "cases?after=x_1",
        "cases?after=0001-01-01T00:00:00%2B14:00_1",
        "cases?after=9999-12-31T23:59:59-14:00_1",
        "cases?team=nowhere",
        "cases?sort=items",
        "cases?sort=customer&after=0~_999",
        "cases?sort=retro&after=7~1_1",
        "cases?since=2026-13-01",
        "cases?state=open&state=closed&sort=--failed",
        "find?q=parcel&team=nowhere",
        "find?q=parcel&after=x",
        f"find?q={'x' * 201}",
        "board?team=nowhere",
        "board?show=strange",
        "board?show=late&after=-1",
        "board?show=late&after=x",
        "board?since=yesterday",
        "board?owner=Nobody",
        "board?owner=Ana&mine=yes",
    ],
)
async def test_an_address_that_cannot_be_is_one_sentence(visitor: Visitor, query: str) -> None:
    await fail(visitor, "Parcel missed", items=0)
    async with visitor.session.get(f"{visitor.url}/{query}") as response:
        assert response.status == 400
        assert "<h1>" in await response.text()


@pytest.mark.parametrize("path", ["/cases/C-9", "/cases/C-9/customer", "/items/AI-9"])
async def test_a_number_that_was_never_given_is_a_page_of_its_own(visitor: Visitor, path: str) -> None:
    async with visitor.session.get(visitor.url + path) as response:
        assert response.status == 404
        assert NOT_HERE in read(await response.text()).text


async def test_who_has_not_said_who_they_are_is_asked(stranger: Visitor) -> None:
    for path in (*LISTS, *THINGS):
        async with stranger.session.get(stranger.url + path) as response:
            assert "Who are you?" in await response.text()


async def test_what_is_shown_can_be_kept_and_runs_nowhere(visitor: Visitor) -> None:
    await fail(visitor, FORMULA)
    for path in (*LISTS, *THINGS):
        together = "&" if "?" in path else "?"
        async with visitor.session.get(f"{visitor.url}{path}{together}as=csv") as response:
            assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
            assert "attachment" in response.headers["Content-Disposition"]
            rows = list(csv.reader(io.StringIO(await response.text())))
            assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]
        async with visitor.session.get(f"{visitor.url}{path}{together}as=json") as response:
            data = json.loads(await response.text())
            assert data["title"]
            assert data["sections"]
        async with visitor.session.get(f"{visitor.url}{path}{together}as=md") as response:
            assert (await response.text()).startswith("# ")
    async with visitor.session.get(f"{visitor.url}/cases?as=csv") as response:
        assert f"'{FORMULA}" in [
            cell for row in csv.reader(io.StringIO(await response.text())) for cell in row
        ]


async def test_a_page_full_of_long_words_stays_small(visitor: Visitor) -> None:
    long = "Ünglaublich langer Vorfall " * 40
    for number in range(12):
        await fail(visitor, f"{number} {long}", items=6)
    for path in (*LISTS, *THINGS):
        async with visitor.session.get(visitor.url + path) as response:
            assert response.status == 200, path
            size = len(await response.read())
            # As if each list were full: fifty cases, and twenty-five of what waits for the same.
            assert size * (4 if path.startswith("/cases") and path not in THINGS else 1) < LARGEST, path


@pytest.fixture
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """A tab that fails the test on a script error, of which there can be none."""
    opened = await browser.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    yield opened
    await opened.close()


async def test_the_leads_two_questions_in_a_browser(demo_address: str, tab: Page) -> None:
    await tab.goto(demo_address)
    await tab.goto(f"{demo_address}/board")
    # What needs me today?
    await expect(tab.get_by_role("heading", name="Board")).to_be_visible()
    first = tab.get_by_role("region").first.get_by_role("link").first
    name = await first.inner_text()
    await first.focus()
    await tab.keyboard.press("Enter")
    await expect(tab.get_by_role("heading", level=1)).to_contain_text(name.split("…")[0][:40])
    # Which gap keeps coming back?
    await tab.get_by_role("navigation", name="Pages").get_by_role("link", name="Trends").click()
    back = tab.get_by_role("row").filter(has_text="came back").get_by_role("link").first
    gap = (await back.inner_text()).lower()
    await back.click()
    await expect(tab.get_by_label("Gap")).to_have_value(gap)
    await expect(tab.get_by_role("rowheader").first).to_be_visible()
    await tab.get_by_label("Retro").select_option("open")
    await tab.get_by_role("button", name="Show").click()
    await expect(tab).to_have_url(f"{demo_address}/cases?{tab.url.partition('?')[2]}")
    assert "state=open" in tab.url
    assert "gap=" in tab.url


async def test_a_word_without_an_end_stays_in_its_column(visitor: Visitor, tab: Page) -> None:
    await fail(visitor, "a" * 200)
    [(name, value)] = known_at(visitor.url).items()
    await tab.context.add_cookies([{"name": name, "value": value, "url": visitor.url}])
    for path in ("/board", "/cases", "/find?q=aaa"):
        await tab.goto(visitor.url + path)
        link = tab.get_by_role("rowheader").get_by_role("link").first
        for width in (1280, 390):
            await tab.set_viewport_size({"width": width, "height": 800})
            over = (
                "it => it.getBoundingClientRect().right - it.closest('th').getBoundingClientRect().right"
            )
            assert await link.evaluate(over) <= 0, (path, width)


async def test_axe_finds_nothing_on_the_pages(demo_address: str, tab: Page) -> None:
    found = []
    await tab.goto(demo_address)
    for path in (*LISTS, *THINGS, *FORMS, "/cases/C-999"):
        await tab.goto(demo_address + path)
        found += await findings(tab, path)
        await tab.set_viewport_size({"width": 390, "height": 844})
        wide = await tab.evaluate("document.documentElement.scrollWidth")
        assert wide <= 390, path
    await tab.goto(f"{demo_address}/settings/team.days_off?place=parcel-shop")
    await tab.get_by_label("Days off").fill("Christmas")
    await tab.get_by_role("button", name="Save").click()
    await expect(tab.get_by_label("Days off")).to_have_value("Christmas")
    found += await findings(tab, "a form with a fault")
    await tab.get_by_label("Days off").fill("2036-12-24")
    await tab.get_by_role("button", name="Save").click()
    await expect(tab.get_by_role("status")).to_contain_text("Saved for #parcel-shop.")
    found += await findings(tab, "what was saved")
    assert not found, "\n".join(found)


async def test_the_workspace_leads_to_every_page_and_has_its_prompts_at_hand(visitor: Visitor) -> None:
    await fail(visitor, "Parcel missed", items=0)
    channel = await visitor.see("/p/support")
    for path in ("/board", "/cases", "/find", "/trends", "/settings"):
        assert channel.all("a", href=path), path
    for name in ("board.status", "trends.show", "prompts.show", "connections.show", "team.settings"):
        assert channel.all("form", action=f"/verb/{name}"), name
    asked = await visitor.press("prompts.show")
    assert "What retros ask in #support" in asked.text
    direct = await visitor.see("/dm")
    assert not direct.all("form", action="/verb/prompts.show")
