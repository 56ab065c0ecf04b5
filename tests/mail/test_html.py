"""What becomes of a template's HTML."""

from email import message_from_bytes, policy

import pytest

from mail import compose, rendering


def bodies(message):
    mail = message_from_bytes(compose.compose(message).raw, policy=policy.default)
    return [
        mail.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html")
    ]


def test_styles_are_written_into_the_elements(queue, lead, template):
    template.html = (
        "<style>p.big { color: red }</style><p class='big'>Hello {{ lead.first_name }}</p>"
    )
    template.save()

    _, html = bodies(queue(lead))

    assert html == (
        '<html><head></head><body><p class="big" style="color: red;">Hello Grace</p></body></html>'
    )


def test_what_no_element_can_hold_stays(queue, lead, template):
    template.html = "<style>@media (max-width: 9px) { p { color: red } }</style><p>Hello</p>"
    template.save()

    _, html = bodies(queue(lead))

    assert "@media (max-width: 9px)" in html


def test_html_without_styles_leaves_as_it_was_written(queue, lead, template):
    template.html = "<p>Hello<P>{{ lead.first_name }}"
    template.save()

    _, html = bodies(queue(lead))

    assert html == "<p>Hello<P>Grace"


def test_a_fact_is_no_style(queue, make_lead, template):
    template.html = "<p>{{ lead.first_name }}</p>"
    template.save()

    _, html = bodies(queue(make_lead(first_name="<style>p { color: red }</style>")))

    assert html == "<p>&lt;style&gt;p { color: red }&lt;/style&gt;</p>"


@pytest.mark.parametrize(
    "linked",
    [
        '<link rel="stylesheet" href="http://127.0.0.1:9/x.css">',
        '<link rel="stylesheet" href="/etc/passwd">',
        "<style>@import url(http://127.0.0.1:9/x.css);</style>",
    ],
)
def test_nothing_is_fetched(linked):
    html = rendering.render_html(f"{linked}<style>p {{ color: red }}</style><p>Hello</p>", {})

    assert '<p style="color: red;">Hello</p>' in html


def test_a_text_is_made_of_html_alone(queue, lead, template):
    template.text = ""
    template.html = (
        "<style>.hidden { display: none }</style>"
        "<div class='hidden'>A look ahead</div>"
        "<h1>Hello {{ lead.first_name }} &amp; all</h1>"
        "<p>One <b>thing</b>:</p><ul><li>first<li>second</ul>"
        "<p>{{ sender.postal_address }}</p><a href='https://x.example/u?a=1&amp;b=2'>Unsubscribe</a>"
    )
    template.save()
    message = queue(lead)

    text, _ = bodies(message)

    assert text == (
        "Hello Grace & all\n\nOne thing:\n\n  * first\n  * second\n\n"
        "Musterstraße 1, 10115 Berlin\n\nUnsubscribe (https://x.example/u?a=1&b=2)\n"
    )
    assert compose.compose(message).text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>See <a href='https://x.example/a(b)'>our page</a>.</p>",
         "See our page (https://x.example/a(b)).\n"),
        ("<a href='https://x.example/'>https://x.example/</a>", "https://x.example/\n"),
        ("<a href='mailto:ada@example.com'>ada@example.com</a>", "ada@example.com\n"),
        ("<a href='#top'>Up</a> <a name='top'>here</a>", "Up here\n"),
        ("<a href='https://a.example/'>a <b>bold</b> word</a>, <a>no</a>", "a bold word (https://a.example/), no\n"),
        ("<p>[brackets](are) no link</p>", "[brackets](are) no link\n"),
        ("<a href='https://a.example/'>a</a><a href='https://b.example/'>b</a>",
         "a (https://a.example/)b (https://b.example/)\n"),
        (
            "<ul><li><a href='https://a.example/'>one</a></li><li>two</li></ul>",
            "* one (https://a.example/)\n  * two\n",
        ),
    ],
)  # fmt: skip
def test_links_read_as_a_person_writes_them(html, text):
    assert rendering.text_of(html) == text
