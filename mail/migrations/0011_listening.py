from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("mail", "0010_fewer_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="sender",
            name="intent_hook",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="mailbox",
            name="imap_url",
            field=models.CharField(blank=True, max_length=500),
        ),
    ]
