"""PostgreSQL keeps the life of a version: what left draft is fixed, only listed moves happen, nothing is deleted."""

from django.db import migrations

from puhui.store import laws

TABLES = ("rulebook", "version", "version_move", "experiment", "experiment_stop", "guardrail", "alert")
APPENDED = ("rulebook", "version_move", "experiment", "experiment_stop", "guardrail", "alert")

VERSION_LAW = """
CREATE FUNCTION policy_version_law() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' THEN
    RAISE EXCEPTION 'a version is never deleted: discard or retire it' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (OLD.id, OLD.rulebook_id, OLD.number, OLD.based_on_id, OLD.author, OLD.created_at)
     IS DISTINCT FROM (NEW.id, NEW.rulebook_id, NEW.number, NEW.based_on_id, NEW.author, NEW.created_at) THEN
    RAISE EXCEPTION 'whose version it is never changes' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'draft' AND (OLD.texts, OLD.content_hash, OLD.note, OLD.edition)
     IS DISTINCT FROM (NEW.texts, NEW.content_hash, NEW.note, NEW.edition) THEN
    RAISE EXCEPTION 'a version that left draft is not edited' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state IN ('published', 'retired') AND (OLD.published_from, OLD.reviewer)
     IS DISTINCT FROM (NEW.published_from, NEW.reviewer) THEN
    RAISE EXCEPTION 'what is published stays as it was published' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (('draft', 'in_review'), ('draft', 'discarded'),
     ('in_review', 'draft'), ('in_review', 'approved'), ('approved', 'draft'), ('approved', 'published'),
     ('published', 'retired')) THEN
    RAISE EXCEPTION 'a version does not move from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER policy_version_law BEFORE UPDATE OR DELETE ON policy_version
  FOR EACH ROW EXECUTE FUNCTION policy_version_law();
CREATE TRIGGER policy_version_kept BEFORE TRUNCATE ON policy_version
  FOR EACH STATEMENT EXECUTE FUNCTION policy_version_law();
"""
NO_VERSION_LAW = """
DROP TRIGGER policy_version_kept ON policy_version; DROP TRIGGER policy_version_law ON policy_version;
DROP FUNCTION policy_version_law();
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0003_rulebooks")]
    operations = [
        *[laws.PlatformRows(f"policy_{table}") for table in TABLES],
        *[laws.AppendOnly(f"policy_{table}") for table in APPENDED],
        migrations.RunSQL(VERSION_LAW, reverse_sql=NO_VERSION_LAW),
    ]
