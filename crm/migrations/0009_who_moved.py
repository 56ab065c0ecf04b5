from django.db import migrations, models


def tell_who(apps, schema_editor):
    """Whoever moved a lead until now, the reason tells it: the CRM, or else a rule."""
    leads = apps.get_model("crm", "Lead").objects.filter(pk=models.OuterRef("lead"))
    moves = apps.get_model("crm", "StageMove").objects.filter(because__rule="moved in the CRM")
    moves.update(by="crm", who=models.Subquery(leads.values("source__name")[:1]))


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0008_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="stagemove",
            name="by",
            field=models.CharField(
                choices=[
                    ("rule", "Rule"),
                    ("time", "Time"),
                    ("person", "Person"),
                    ("crm", "Crm"),
                ],
                default="rule",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="stagemove",
            name="who",
            field=models.CharField(blank=True, max_length=100),
        ),
        migrations.AddField(
            model_name="stagemove",
            name="out_of_order",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="lead",
            name="stage",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddIndex(
            model_name="lead",
            index=models.Index(fields=["stage", "stage_since"], name="lead_in_stage"),
        ),
        migrations.RunPython(tell_who, migrations.RunPython.noop),
    ]
