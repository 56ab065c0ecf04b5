import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0003_approvals_by_name")]

    operations = [
        migrations.AlterField(
            model_name="owner",
            name="name",
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name="externalrecord",
            name="known_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hint",
            name="mark",
            field=models.UUIDField(default=uuid.uuid4),
        ),
    ]
