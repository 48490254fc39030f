"""What PostgreSQL itself enforces: rows per institution, facts never edited, a programme's rules never changed."""

from django.db import migrations

from puhui.store import laws


class Migration(migrations.Migration):
    dependencies = [("funding", "0001_initial")]
    operations = [
        laws.TenantRows("funding_institution", column="id"),
        laws.TenantRows("funding_programme"),
        laws.TenantRows("funding_allotment"),
        laws.PlatformRows("funding_match_record"),  # a match names every institution that was asked
        laws.PlatformRows("funding_partner"),
        laws.PlatformRows("funding_partner_nonce"),
        laws.PlatformRows("funding_partner_minute"),
        laws.PlatformRows("funding_partner_application"),
        laws.AppendOnly("funding_allotment"),
        laws.AppendOnly("funding_match_record"),
        laws.AppendOnly("funding_partner_application"),
        # Not AppendOnly: its row is locked with FOR UPDATE, which asks for the right to update. The trigger refuses.
        migrations.RunSQL(
            "CREATE TRIGGER funding_programme_fixed BEFORE UPDATE OR DELETE OR TRUNCATE ON funding_programme"
            " FOR EACH STATEMENT EXECUTE FUNCTION puhui_refuse_change();",
            "DROP TRIGGER funding_programme_fixed ON funding_programme;",
        ),
    ]
