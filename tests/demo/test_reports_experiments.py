"""The demo's experiment, counted again in companies, and its evidence reckoned again.

Emails, who got them and who answered are the sandbox's record, and whose company they are of the CRMs'.
Which variant an email was of, and which meetings came of it, stands on the timeline.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from math import exp, lgamma, log

import pytest

PATIENCE = timedelta(days=14)
FIRST, SECOND = "approach-cold-opening", "approach-cold-idea"

pytestmark = pytest.mark.timeout(900)

#: Emails of the step after which a meeting came, before the lead was in another enrollment.
MET = """
SELECT e.message_id FROM t e JOIN t w ON w.lead = e.lead AND w.s > e.s
WHERE e.kind = 'email_sent' AND e.step = 'opening' AND w.kind IN ('meeting_booked', 'crm_meeting')
  AND (w.enrollment = e.enrollment OR w.enrollment IS NULL AND w.s < coalesce((
    SELECT min(n.s) FROM t n WHERE n.kind = 'enrolled' AND n.lead = e.lead AND n.s > (
      SELECT b.s FROM t b WHERE b.kind = 'enrolled' AND b.enrollment = e.enrollment)), 1e12))
"""


def test_companies_of_each_variant_are_those_that_got_it(lived):
    counted = _counted(lived)
    [begun] = lived.ask(
        "SELECT min(at) FROM t WHERE kind = 'enrolled' AND sequence = 'approach-cold'"
    )

    [told] = lived.json("experiments")

    assert (told["sequence"], told["step"], told["measure"]) == (
        "approach-cold",
        "opening",
        "replies",
    )
    assert datetime.fromisoformat(told["since"]) == datetime.fromisoformat(begun[0])
    assert [one["variant"] for one in told["variants"]] == [FIRST, SECOND]
    for one in told["variants"]:
        names = ("companies", "replies", "meetings", "waiting")
        assert [one[name] for name in names] == counted[one["variant"]], one["variant"]
        assert one["missing"] == max(0, one["needed"] - one["companies"])


def test_evidence_and_ranges_are_those_of_the_companies(lived):
    """A prior of Beta(1/2, 1/2) for a rate, of Beta(6, 6) for whose an answer is; weights are equal."""
    counted = _counted(lived)
    (of_first, hits, _, waiting), (of_second, more, _, still) = counted[FIRST], counted[SECOND]

    [told] = lived.json("experiments")

    for one in told["variants"]:
        units, answers = counted[one["variant"]][:2]
        assert one["rate"] == answers / units
        ends = _shares(answers, units - answers, 0.5)
        assert one["rate_range"] == pytest.approx(ends, abs=1e-6)
    [compared] = told["comparisons"]
    evidence = exp(_mixture(more, hits, 6) + (hits + more) * log(2))
    part = _shares(more, hits, 6)
    both, units = hits + more, of_first + of_second
    lowest = _shares(both, units - both, 0.5)[0]
    highest = _shares(both, units - both - waiting - still, 0.5)[1]
    differences = [2 * rate * (2 * end - 1) for rate in (lowest, highest) for end in part]
    assert (compared["variant"], compared["against"]) == (SECOND, FIRST)
    assert compared["evidence"] == pytest.approx(evidence, rel=1e-6)
    assert (compared["threshold"], compared["p_value"]) == pytest.approx((20, min(1, 1 / evidence)))
    assert compared["ratio"] == pytest.approx([end / (1 - end) for end in part], rel=1e-5)
    assert compared["difference"] == pytest.approx([min(differences), max(differences)], abs=1e-6)
    assert evidence < 20
    assert (told["verdict"], told["winner"], told["beaten"]) == ("undecided", None, [])


def _counted(lived):
    """Variant -> companies, those that answered, that met, and that may still answer."""
    variant_of = {e["message_id"]: e["variant"] for e in lived.events if e["step"] == "opening"}
    company_of = {one["email"]: one["company"] for one in lived.people}
    answered = {letter["enrollment"] for letter in lived.entries("mail.delivered", "reply")}
    met = {message_id for (message_id,) in lived.ask(MET)}
    companies = {}
    for mail in lived.entries("mail.received"):
        if mail["message_id"] in variant_of:
            address = mail["to"].casefold()
            first = {"variant": variant_of[mail["message_id"]], "replied": False, "met": False}
            one = companies.setdefault(company_of[address] or address, first)
            one["last"] = datetime.fromisoformat(mail["moment"])
            one["replied"] |= mail["step"].partition(".")[0] in answered
            one["met"] |= mail["message_id"] in met
    found = defaultdict(lambda: [0, 0, 0, 0])
    for one in companies.values():
        waits = not one["replied"] and one["last"] > lived.now - PATIENCE
        for place, is_so in enumerate((True, one["replied"], one["met"], waits)):
            found[one["variant"]][place] += is_so
    return found


def _mixture(hits, others, prior):
    """The log-likelihood of such answers under shares drawn from Beta(prior, prior)."""
    return (
        lgamma(prior + hits) + lgamma(prior + others) - lgamma(2 * prior + hits + others)
        - 2 * lgamma(prior) + lgamma(2 * prior)
    )  # fmt: skip


def _shares(hits, others, prior):
    """The lowest and the highest share against which the evidence is not twenty to one."""
    seen = hits / (hits + others)

    def holds(share):
        under = hits * log(share) + (others * log(1 - share) if others else 0)
        return _mixture(hits, others, prior) - under < log(20)

    return _last(holds, seen, 1e-12), _last(holds, seen, 1 - 1e-12)


def _last(holds, inside, outside):
    for _ in range(60):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside
