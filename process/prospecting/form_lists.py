"""The lists that forms put people on: whoever wrote into one, and the lead that a person gave it to."""

from collections.abc import Collection, Mapping

from django.db.models import Q, QuerySet

from process.models import Form, Submission
from process.prospecting.forms import FormSettings
from sequences.models import ListMember

Lists = Mapping[str, frozenset[str]]


def put(row: Submission, email: str) -> None:
    """Put an address on the list of the form, if it has one; once more changes nothing."""
    name = next((_list_of(form) for form in Form.objects.filter(name=row.form)), None)
    if name and email:
        member = ListMember(list=name, email=email, by_form=True)
        ListMember.objects.bulk_create([member], ignore_conflicts=True)


def take_off(row: Submission) -> None:
    """Of what is dropped nobody stands on a list, unless its file or another submission says so."""
    # Whoever submits one of them at the same moment is seen, or puts the address back.
    forms = Form.objects.order_by("pk").select_for_update(no_key=True)
    lists = {form.name: _list_of(form) for form in forms}
    name = lists.get(row.form)
    same = [form for form in lists if lists[form] == name]
    others = _kept(same).exclude(pk=row.pk).filter(Q(email=row.email) | Q(lead__email=row.email))
    if name and not others.exists():
        ListMember.objects.filter(list=name, email=row.email, by_form=True).delete()


def with_members(lists: Lists, forms: Mapping[str, FormSettings]) -> Lists:
    """The same with everybody whom the forms, as they are written now, put on them."""
    found = dict(lists)
    for name, form in forms.items():
        if form.list is not None:
            found[form.list] = found.get(form.list, frozenset()) | _addresses(name)
    return found


def _addresses(form: str) -> frozenset[str]:
    pairs = _kept([form]).values_list("email", "lead__email")
    return frozenset(email for pair in pairs for email in pair if email)


def _kept(forms: Collection[str]) -> QuerySet[Submission]:
    return Submission.objects.filter(form__in=forms).exclude(state=Submission.State.DROPPED)


def _list_of(form: Form) -> str | None:
    return FormSettings.model_validate(form.settings).list
