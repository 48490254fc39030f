"""Who may see people: the platform; an institution only while the person's consent to it stands."""

from django.db import migrations

from puhui.store import laws

_CONSENTED = f"""EXISTS (SELECT 1 FROM parties_consent c LEFT JOIN parties_consent_withdrawal w ON w.consent_id = c.id
    WHERE c.person_id = %s AND c.institution_id = {laws.TENANT} AND c.institution_id <> '' AND w.consent_id IS NULL)"""
_PLATFORM = f"{laws.TENANT} = 'platform' OR "


class Migration(migrations.Migration):
    dependencies = [("parties", "0001_initial")]
    operations = [
        laws.TenantRows("parties_consent"),
        laws.Visible(
            "parties_consent_withdrawal",
            _PLATFORM + "EXISTS (SELECT 1 FROM parties_consent c WHERE c.id = consent_id)",
        ),
        laws.Visible("parties_person", _PLATFORM + _CONSENTED % "parties_person.id"),
        laws.Visible("parties_shop", _PLATFORM + _CONSENTED % "parties_shop.owner_id"),
        laws.Visible("parties_reveal", _PLATFORM + _CONSENTED % "parties_reveal.person_id"),
        laws.AppendOnly("parties_consent"),
        laws.AppendOnly("parties_consent_withdrawal"),
        laws.AppendOnly("parties_reveal"),
    ]
