from django.db import migrations, models


class Migration(migrations.Migration):
    # Made anew: a direction says too little to become a name, and whoever approved is asked again.
    dependencies = [("crm", "0002_two_way_sync")]

    operations = [
        migrations.RemoveField(model_name="connection", name="brake_approved"),
        migrations.AddField(
            model_name="connection",
            name="brake_approved",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
