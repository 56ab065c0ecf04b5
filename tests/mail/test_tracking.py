"""Which links of an email lead through us, where they lead, and that nobody else's do."""

from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import compose, tracking, unsubscribe
from mail.models import Message, Sender

OURS = "https://out.example.com/c/"
LONG = f"https://shop.example/?q={'x' * 1200}"


@pytest.fixture
def tracks(sender):
    def turn(**values):
        Sender.objects.update(**{"track_clicks": True, **values})

    turn()
    return turn


@pytest.fixture
def written(queue, lead, template):
    """The HTML of an email with this body, and where its tracked links lead."""

    def write(html, **values):
        type(template).objects.update(html=html, **values)
        message = Message.objects.select_related("template").get(pk=queue(lead).pk)
        composed = compose.compose(message)
        Message.objects.filter(pk=message.pk).update(links=composed.links)
        return html_of(composed.raw), composed.links

    return write


def html_of(raw):
    mail = message_from_bytes(raw, policy=policy.default)
    return mail.get_body(("html",)).get_content().replace("\r\n", "\n")


def leads_to(html):
    """Where the only link of ours leads."""
    return tracking.target_of(html.partition(OURS)[2].partition('"')[0]).url


@pytest.mark.parametrize(
    ("attribute", "url"),
    [
        ('href="https://shop.example/a?b=1"', "https://shop.example/a?b=1"),
        ("href='http://shop.example'", "http://shop.example"),
        ("href=https://shop.example/a", "https://shop.example/a"),
        ('HREF = " https://shop.example/a "', "https://shop.example/a"),
        ('title="a > b" href="https://shop.example/"', "https://shop.example/"),
        ('href="https://shop.example/?a=1&amp;b=2"', "https://shop.example/?a=1&b=2"),
        ('href="https://shop.example/?a=1&section=2"', "https://shop.example/?a=1&section=2"),
        ('href="https://shop.example/?a=1&copy;"', "https://shop.example/?a=1%C2%A9"),
        ('href="https://shop.example/&#x41;&#66"', "https://shop.example/AB"),
        ("href=\"https://shop.example/it's'\"", "https://shop.example/it's'"),
        ('href="https://shop.example/ü?ü#ü"', "https://shop.example/%C3%BC?%C3%BC#%C3%BC"),
        ('href="https://shop.example/100%25?x=[1]|{2}"', "https://shop.example/100%25?x=[1]|{2}"),
        (f'href="{LONG}"', LONG),
    ],
)
def test_a_link_leads_through_us_to_where_it_led(tracks, written, attribute, url):
    html, links = written(f"<p>Look <a {attribute}>here</a></p>")

    assert links == [url]
    assert html.count(OURS) == 1
    assert leads_to(html) == url


@pytest.mark.parametrize(
    "attribute",
    [
        'href="mailto:ada@example.com"',
        'href="tel:+49301234"',
        'href="#top"',
        'href="/relative"',
        'href="ftp://shop.example/"',
        'href="javascript:alert(1)"',
        'href="https://"',
        'href="http://[::1"',
        'href="https://büro.example/"',
        'href="https://shop.example/a b"',
        'href="https://shop.example/&#10;Set-Cookie:a=b"',
        'data-href="https://shop.example/"',
        'title=" href=https://shop.example/"',
        'href="https://shop.example/',
    ],
)
def test_what_is_no_plain_web_link_stays_as_it_is(tracks, written, attribute):
    body = f"<p>Look <a {attribute}>here</a></p>"

    assert written(body) == (body, [])


def test_only_what_is_followed_is_tracked(tracks, written):
    body = '<link href="https://a.example/"><img src="https://a.example/b.png"><p>https://a.example</p>'

    assert written(body) == (body, [])


def test_the_way_out_is_never_tracked(tracks, written, lead, mailbox, sender):
    html, links = written("<a href='{{ unsubscribe_url }}'>out</a>")

    assert html == f"<a href='{unsubscribe.link(lead, mailbox, sender)}'>out</a>"
    assert links == []


def test_one_address_is_one_link_and_leads_differ(tracks, written):
    a, b = (f'<a href="https://{name}.example/">{name}</a>' for name in "ab")

    html, links = written(f"{a}{b}{a}")

    first, second, third = (part.partition('"')[0] for part in html.split(OURS)[1:])
    assert links == ["https://a.example/", "https://b.example/"]
    assert (first == third, first == second) == (True, False)


def test_nothing_is_tracked_unless_the_team_says_so(sender, written):
    body = '<a href="https://a.example/">a</a>'

    assert written(body) == (body, [])


def test_links_lead_to_the_address_that_is_given_for_them(tracks, written):
    tracks(tracking_url="https://go.example.com/")

    html, _ = written('<a href="https://a.example/">a</a>')

    assert html.startswith('<a href="https://go.example.com/c/')


def test_the_text_keeps_its_links_bare(tracks, queue, lead, template):
    template.text, template.html = "", '<a href="https://a.example/">a</a>'
    template.save()

    composed = compose.compose(queue(lead))

    assert composed.text == "a (https://a.example/)\n"
    assert composed.links == ["https://a.example/"]


def test_staging_and_previews_are_bare(tracks, queue, lead, template, sender):
    template.html = '<a href="https://a.example/">a</a>'
    template.save()
    message = queue(lead)
    sender.refresh_from_db()
    proof = compose.Diversion(to="us@example.com", mark="[Proof]")

    proofed = compose.written(message, sender, proof)
    tracks(redirect_to="staging@example.com")
    staged = compose.compose(message)
    message.pk = None
    previewed = compose.written(message, sender)

    for composed in (proofed, staged, previewed):
        assert (html_of(composed.raw), composed.links) == (template.html, [])


def test_an_open_is_tracked_only_when_asked_for(tracks, written):
    body = "<html><body><p>Hello</p></body></html>"
    assert written(body) == (body, [])
    tracks(track_clicks=False, track_opens=True)
    Message.objects.all().delete()

    html, links = written(body)

    token = html.partition("https://out.example.com/o/")[2].partition(".gif")[0]
    pixel = f'<img src="https://out.example.com/o/{token}.gif" width="1" height="1" alt="" style="border: 0">'
    assert html == f"<html><body><p>Hello</p>{pixel}</body></html>"
    assert (tracking.target_of(token).number, links) == (tracking.PIXEL, [])


def test_a_token_whose_link_was_changed_leads_nowhere(tracks, written):
    html, _ = written('<a href="https://a.example/">a</a>')
    token = html.partition(OURS)[2].partition('"')[0]

    Message.objects.update(links=["https://evil.example/"])

    assert tracking.target_of(token) is None


def test_an_old_key_still_opens_its_tokens(tracks, written, settings):
    html, links = written('<a href="https://a.example/">a</a>')
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"

    assert leads_to(html) == links[0]


def test_no_line_is_too_long_whatever_the_links(tracks, queue, lead, template):
    template.html = "".join(f'<a href="{LONG}{n}">{n}</a>' for n in range(50))
    template.save()

    composed = compose.compose(queue(lead))

    assert max(map(len, composed.raw.split(b"\r\n"))) <= 998
    assert composed.links == [f"{LONG}{n}" for n in range(50)]


@given(html=st.text(alphabet="<aA hreF=\"'>/x&;#:", max_size=200))
def test_any_html_without_a_web_link_stays_as_it_is(html):
    sender = Sender(public_url="https://out.example.com", track_clicks=True)

    assert tracking.tracked(html, Message(pk=1), sender) == (html, [])


@pytest.mark.parametrize("hostile", ["<a ", '<a "', "<a href=", "<a href='", '<a x="<', "<a\n"])
@pytest.mark.timeout(10)
def test_no_html_takes_long(hostile):
    sender = Sender(public_url="https://out.example.com", track_clicks=True)

    tracking.tracked(hostile * 100_000, Message(pk=1), sender)
