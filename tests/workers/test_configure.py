"""What a changed cadenza.yaml means for the records that are here already."""

from crm.facts import FIELDS
from crm.models import Hint
from process import apply, blueprint


def test_records_are_read_again_when_their_mapping_changes(make_lead, loaded, tmp_path):
    lead = make_lead()
    apply.configure(loaded)
    assert not Hint.objects.exists()
    folder = tmp_path / "workspace"
    path = folder / "cadenza.yaml"
    written = path.read_text()

    path.write_text(written.replace("{ timezone: hs_timezone }", "{ timezone: tz, seats: seats }"))
    apply.configure(blueprint.load(folder, schema=FIELDS))

    (hint,) = Hint.objects.all()
    assert (hint.connection.name, hint.kind, hint.external_id) == ("hubspot", "lead", str(lead.pk))
