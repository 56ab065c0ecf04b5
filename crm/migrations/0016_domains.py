"""Domains of companies get the one spelling that addresses have."""

from django.db import migrations

from crm import normalize


def respell(apps, _schema_editor):
    """With what was last agreed on with the CRMs, so that it is no change of ours."""
    companies = apps.get_model("crm", "Company").objects
    records = apps.get_model("crm", "ExternalRecord").objects
    for company in list(companies.exclude(domain="").only("domain").iterator(2000)):
        spelled = normalize.domain(company.domain)
        if spelled == company.domain:
            continue
        for record in records.filter(company=company):
            if "domain" in record.base:
                record.base["domain"] = normalize.domain(record.base["domain"])
                record.save(update_fields=["base"])
        companies.filter(pk=company.pk).update(domain=spelled)


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0015_words"),
    ]

    operations = [
        migrations.RunPython(respell, migrations.RunPython.noop),
    ]
