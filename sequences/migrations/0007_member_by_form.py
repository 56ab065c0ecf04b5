from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sequences", "0006_dispositions"),
    ]

    operations = [
        migrations.AddField(
            model_name="listmember",
            name="by_form",
            field=models.BooleanField(default=False),
        ),
    ]
