"""The lists that forms put people on: whoever wrote into one, and the lead that a person gave it to."""

from collections.abc import Mapping

from process.models import Form, Submission
from process.prospecting.forms import FormSettings
from sequences.models import ListMember

Lists = Mapping[str, frozenset[str]]


def put(row: Submission, email: str) -> None:
    """Put an address on the list of the form, if it has one; once more changes nothing."""
    form = Form.objects.filter(name=row.form).first()
    name = FormSettings.model_validate(form.settings).list if form else None
    if name and email:
        ListMember.objects.bulk_create([ListMember(list=name, email=email)], ignore_conflicts=True)


def with_members(lists: Lists, forms: Mapping[str, FormSettings]) -> Lists:
    """The same with everybody whom the forms, as they are written now, put on them."""
    found = dict(lists)
    for name, form in forms.items():
        if form.list is not None:
            found[form.list] = found.get(form.list, frozenset()) | _addresses(name)
    return found


def _addresses(form: str) -> frozenset[str]:
    rows = Submission.objects.filter(form=form).exclude(state=Submission.State.DROPPED)
    pairs = rows.values_list("email", "lead__email")
    return frozenset(email for pair in pairs for email in pair if email)
